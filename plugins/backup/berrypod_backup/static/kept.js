// Follows drills in place. Without this script the page reloads itself while one is under way.

const EVERY_MILLISECONDS = 1000;
const PATIENCE_MILLISECONDS = 15_000; // for a server that restarts

const panel = document.querySelector("[data-kept]");

function contents() {
  return panel.querySelector("[data-kept-state]");
}

async function follow() {
  let lastHeard = Date.now();
  while (contents().dataset.keptState === "active" && Date.now() - lastHeard < PATIENCE_MILLISECONDS) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MILLISECONDS));
    if (await renew()) lastHeard = Date.now();
  }
}

async function renew() {
  try {
    const drill = encodeURIComponent(panel.dataset.keptDrill);
    const response = await fetch(`${panel.dataset.kept}?drill=${drill}`, { credentials: "same-origin", redirect: "error" });
    if (!response.ok) return false;
    replace(await response.text());
    return true;
  } catch {
    return false; // the next attempt tells
  }
}

// What somebody reads or writes meanwhile stays as it is: only the head of the list tells of drills then.
function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-kept-state]");
  const old = contents();
  if (!fresh || fresh.isEqualNode(old) || old.contains(document.activeElement)) return;
  const open = new Set([...old.querySelectorAll("li[data-kept-backup] > div > details[open]")].map(nameOf));
  for (const details of fresh.querySelectorAll("li[data-kept-backup] > div > details")) details.open = open.has(nameOf(details));
  old.replaceWith(fresh);
}

function nameOf(details) {
  return details.closest("li").dataset.keptBackup;
}

if (panel) follow();
