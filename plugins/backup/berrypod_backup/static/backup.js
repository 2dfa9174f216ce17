// Follows in place what is under way on the page: a backup, which is saved as soon as it is ready, and drills of kept
// ones. Without this script the page reloads itself meanwhile, and the admin saves a backup by a click.

const BACKUP_MILLISECONDS = 700;
const DRILL_MILLISECONDS = 1000;
const PATIENCE_MILLISECONDS = 15_000; // for a server that restarts

const ACTIVE = new Set(["queued", "copying", "verifying", "exporting"]);

const backup = document.querySelector("[data-backup]");
const kept = document.querySelector("[data-kept]");

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// --- a panel, put in place of what it was ---

// Fetches the contents of a panel, and shows what of them is new. False if the server did not answer, or not with them.
async function renew(panel, address, contents) {
  try {
    const response = await fetch(address, { credentials: "same-origin", redirect: "error" });
    if (!response.ok) return false;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(contents);
    if (fresh) put(fresh, panel.querySelector(contents));
    return fresh !== null;
  } catch {
    return false; // the next attempt tells
  }
}

// What somebody reads, has unfolded, types or has reached by the keyboard stays as it is, where it is still there.
function put(fresh, old) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  carry(old, fresh);
  const parts = [...fresh.children];
  if (parts.length === old.children.length) {
    [...old.children].forEach((part, place) => { if (!part.isEqualNode(parts[place])) part.replaceWith(parts[place]); });
    for (const { name, value } of [...fresh.attributes]) old.setAttribute(name, value);
  } else {
    old.replaceWith(fresh);
  }
  if (focused && !focused.isConnected) {
    const now = old.isConnected ? old : fresh;
    [...now.querySelectorAll(focused.localName)].find((one) => one.outerHTML === focused.outerHTML)?.focus({ preventScroll: true });
  }
}

function carry(old, fresh) {
  const open = new Map(folds(old).map(({ key, details }) => [key, details.open]));
  for (const { key, details } of folds(fresh)) details.open = open.get(key) ?? details.open;
  for (const input of old.querySelectorAll("input[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(input.id)}`);
    if (same && input.value !== input.defaultValue) same.value = input.value;
  }
}

// All that can be unfolded: by the backup that it belongs to, as others come and go.
function folds(contents) {
  const counted = new Map();
  return [...contents.querySelectorAll("details")].map((details) => {
    const of = details.closest("[data-kept-backup]")?.dataset.keptBackup ?? "";
    counted.set(of, (counted.get(of) ?? 0) + 1);
    return { key: `${of} ${counted.get(of)}`, details };
  });
}

// --- a backup ---

let following = false;

function state() {
  return backup.querySelector("[data-backup-state]").dataset;
}

// Starts a backup without leaving the page. Whatever the server refuses, it says on a page of its own: so the form is
// then sent in the ordinary way.
async function start(form) {
  for (const button of backup.querySelectorAll("[data-backup-start] button")) button.disabled = true;
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { accept: "application/json" },
      credentials: "same-origin",
      redirect: "error",
    });
    if (response.status !== 202) throw new Error(`status ${response.status}`);
    backup.dataset.backupJob = (await response.json()).id;
  } catch {
    form.submit();
    return;
  }
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
    const address = `${backup.dataset.backup}?job=${encodeURIComponent(backup.dataset.backupJob)}`;
    if (await renew(backup, address, "[data-backup-state]")) lastHeard = Date.now();
    const { backupState } = state();
    if (backupState === "ready" && save && !saved) {
      saved = true;
      backup.querySelector("[data-backup-file]")?.click();
    } else if (!ACTIVE.has(backupState) && !(backupState === "ready" && saved)) {
      ended = backupState !== "ready"; // one that waits to be saved has changed nothing else
      break;
    }
    await pause(BACKUP_MILLISECONDS);
  }
  following = false;
  if (ended) loadAgain();
}

// Other panels tell of backups too. The job in the address, so that the page still says what became of it; one that
// has ended is not followed, so this happens once.
function loadAgain() {
  const address = new URL(window.location.href);
  address.searchParams.set("job", backup.dataset.backupJob || state().backupId);
  address.hash = "";
  window.location.replace(address);
}

if (backup) {
  backup.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-backup-start]")) return;
    event.preventDefault();
    start(event.target);
  });
  if (ACTIVE.has(state().backupState)) follow({ save: backup.dataset.backupJob !== "" });
}

// --- drills of kept backups ---

async function followDrills() {
  const address = `${kept.dataset.kept}?drill=${encodeURIComponent(kept.dataset.keptDrill)}`;
  let lastHeard = Date.now();
  while (
    kept.querySelector("[data-kept-state]").dataset.keptState === "active"
    && Date.now() - lastHeard < PATIENCE_MILLISECONDS
  ) {
    await pause(DRILL_MILLISECONDS);
    if (await renew(kept, address, "[data-kept-state]")) lastHeard = Date.now();
  }
}

if (kept) followDrills();
