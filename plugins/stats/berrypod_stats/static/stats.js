// Shows the figures as soon as they are measured, without loading the page again. Without it the page still shows
// them, at the next load.

const EVERY_MILLISECONDS = 1500;
const AT_MOST = 400; // ten minutes: a tab that was forgotten stops asking

const panel = document.querySelector("[data-stats]");

function contents() {
  return panel.querySelector("[data-stats-state]");
}

// Asks until there is a measurement later than the first one seen. A shop where something is always being written
// would be out of date again at once, so it stops there.
async function follow() {
  const first = contents().dataset.statsTaken;
  for (let asked = 0; asked < AT_MOST; asked += 1) {
    const { statsState, statsTaken } = contents().dataset;
    if (statsState === "current" || statsTaken !== first) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MILLISECONDS));
    if (!document.hidden) await renew();
  }
}

async function renew() {
  try {
    const response = await fetch(panel.dataset.stats, { credentials: "same-origin", redirect: "error" });
    if (response.ok) replace(await response.text());
  } catch {
    // The server may be restarting: the next attempt tells.
  }
}

function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-stats-state]");
  const old = contents();
  if (!fresh || fresh.isEqualNode(old)) return;
  const open = new Set([...old.querySelectorAll("details[open]")].map((details) => details.dataset.keep));
  for (const details of fresh.querySelectorAll("details")) details.open = open.has(details.dataset.keep);
  old.replaceWith(fresh);
}

if (panel) follow();
