// Follows a restore in place, and opens its confirmation as a modal dialog. Without this script the page reloads itself
// while something is under way, and the confirmation is a part of the page.

const ACTIVE = new Set(["uploading", "inspecting", "comparing", "applying"]);
const POLL_MILLISECONDS = 1000;
const PATIENCE_MILLISECONDS = 60_000; // for a server that restarts

const root = document.querySelector("[data-restore]");

const contents = () => root.querySelector("[data-restore-state]");
const state = () => contents().dataset.restoreState;
const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// Fetches the contents and puts them in place of the old. False if the server did not answer, or not with them.
async function renew() {
  let response;
  try {
    response = await fetch(`${root.dataset.restore}/contents`, { credentials: "same-origin", redirect: "manual" });
  } catch {
    return false;
  }
  if (response.status === 404 || response.type === "opaqueredirect") {
    window.location.reload(); // discarded elsewhere, or no longer signed in: the page says so
    return true;
  }
  if (response.status === 503) return true; // the shop waits at its gate, and lives
  if (!response.ok) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-restore-state]");
  if (!fresh) return false;
  const old = contents();
  if (fresh.isEqualNode(old)) return true;
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (fresh.dataset.restoreState !== old.dataset.restoreState) {
    document.title = document.title.replace(old.dataset.restoreSaid, fresh.dataset.restoreSaid);
    root.querySelector("[data-restore-status]").textContent = fresh.dataset.restoreSaid;
    if (focused) fresh.querySelector("h1").focus();
    if (!ACTIVE.has(fresh.dataset.restoreState)) window.scrollTo({ top: 0 });
  }
  prepareDialog();
  return true;
}

// A step further within the same state: the bar and the marks are moved, and nothing else is fetched. While the file is
// exchanged there is nobody who could answer a fetch.
function advance({ words, progress, step }) {
  const bar = root.querySelector("[data-restore-progress] progress");
  if (bar && progress > 0) {
    bar.value = progress;
    root.querySelector("[data-restore-share]").textContent = `${Math.round(progress * 100)} %`;
    root.querySelector("[data-restore-words]").textContent = words;
  }
  const steps = [...root.querySelectorAll("[data-restore-step]")];
  const at = steps.findIndex((one) => one.dataset.restoreStep === step);
  if (at < 0 || steps[at].hasAttribute("aria-current")) return;
  steps.forEach((one, place) => {
    one.classList.toggle("waiting__step--done", place < at);
    one.classList.toggle("waiting__step--now", place === at);
    one.toggleAttribute("aria-current", false);
  });
  steps[at].setAttribute("aria-current", "step");
  root.querySelector("[data-restore-status]").textContent = steps[at].textContent;
}

// Resolves when the stream has ended: at the end of what it told of, or because the connection broke.
function listen() {
  return new Promise((resolve) => {
    const source = new EventSource(`${root.dataset.restore}/events`);
    const end = () => {
      source.close();
      resolve();
    };
    source.addEventListener("restore", (event) => {
      const told = JSON.parse(event.data);
      if (told.state === state()) advance(told);
      else end();
    });
    source.addEventListener("end", end);
    source.addEventListener("error", end);
    window.addEventListener("pagehide", end, { once: true });
  });
}

async function follow() {
  let heard = Date.now();
  while (ACTIVE.has(state()) && Date.now() - heard < PATIENCE_MILLISECONDS) {
    const before = state();
    if (before !== "comparing") await listen();
    if (await renew()) heard = Date.now();
    if (ACTIVE.has(state()) && state() === before) await pause(POLL_MILLISECONDS);
  }
}

function dialogOf() {
  return document.querySelector("[data-restore-dialog]");
}

// The server opens it where it came back with something to say: then it is made a modal one.
function prepareDialog() {
  const dialog = dialogOf();
  if (!dialog?.open || dialog.matches(":modal")) return;
  dialog.close();
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const dialog = dialogOf();
  if (!dialog) return;
  if (event.target.closest("[data-restore-open]")) {
    event.preventDefault();
    dialog.showModal();
  } else if (event.target.closest("[data-restore-close]")) {
    event.preventDefault();
    dialog.close();
    root.querySelector("[data-restore-open]").focus();
  }
});

// What is sent twice is refused, but says so: better not to send it.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-restore-once]")) return;
  const button = event.target.querySelector("[data-busy]");
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.busy;
  event.target.addEventListener("submit", (again) => again.preventDefault());
});

// The browser keeps a page as it was left, and shows it again when one goes back.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

if (root) {
  prepareDialog();
  follow();
}
