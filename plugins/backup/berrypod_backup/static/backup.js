// Follows a backup in place and saves it as soon as it is ready. Without this script the page reloads itself while a
// backup is made, and the admin saves it by a click.

const EVERY_MILLISECONDS = 700;
const PATIENCE_MILLISECONDS = 10_000; // for a server that restarts

const ACTIVE = new Set(["queued", "copying", "verifying", "exporting"]);

const panel = document.querySelector("[data-backup]");

let following = false;

function contents() {
  return panel.querySelector("[data-backup-state]");
}

// Starts a backup without leaving the page. Whatever the server refuses, it says on a page of its own: so the form is
// then sent in the ordinary way.
async function start(form) {
  for (const button of panel.querySelectorAll("[data-backup-start] button")) button.disabled = true;
  let job;
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { accept: "application/json" },
      credentials: "same-origin",
      redirect: "error",
    });
    if (response.status !== 202) throw new Error(`status ${response.status}`);
    job = (await response.json()).id;
  } catch {
    form.submit();
    return;
  }
  panel.dataset.backupJob = job;
  await follow({ save: true });
}

// Shows how the backup gets on; at its end the file is saved, if that is wanted, and shown as saved.
async function follow({ save }) {
  if (following) return;
  following = true;
  let saved = false;
  let ended = false;
  let lastHeard = Date.now();
  while (Date.now() - lastHeard < PATIENCE_MILLISECONDS) {
    if (await renew()) lastHeard = Date.now();
    const { backupState } = contents().dataset;
    if (backupState === "ready" && save && !saved) {
      saved = true;
      panel.querySelector("[data-backup-file]")?.click();
    } else if (!ACTIVE.has(backupState) && !(backupState === "ready" && saved)) {
      ended = backupState !== "ready"; // one that waits to be saved has changed nothing else
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MILLISECONDS));
  }
  following = false;
  if (ended) loadAgain();
}

// Other panels tell of backups too. The job in the address, so that the page still says what became of it; one that
// has ended is not followed, so this happens once.
function loadAgain() {
  const address = new URL(window.location.href);
  address.searchParams.set("job", panel.dataset.backupJob || contents().dataset.backupId);
  address.hash = "";
  window.location.replace(address);
}

async function renew() {
  try {
    const job = encodeURIComponent(panel.dataset.backupJob);
    const response = await fetch(`${panel.dataset.backup}?job=${job}`, { credentials: "same-origin", redirect: "error" });
    if (!response.ok) return false;
    replace(await response.text());
    return true;
  } catch {
    return false; // the next attempt tells
  }
}

function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-backup-state]");
  const old = contents();
  if (!fresh || fresh.isEqualNode(old)) return;
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  [...fresh.querySelectorAll("details")].forEach((details, place) => { details.open = open[place] ?? false; });
  old.replaceWith(fresh);
}

if (panel) {
  panel.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-backup-start]")) return;
    event.preventDefault();
    start(event.target);
  });
  if (ACTIVE.has(contents().dataset.backupState)) follow({ save: panel.dataset.backupJob !== "" });
}
