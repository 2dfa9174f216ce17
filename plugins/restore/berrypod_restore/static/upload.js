// Sends a backup that is dropped or chosen, and tells how it gets on. Without this script the same form sends it.

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];
const SPEED_OVER_MILLISECONDS = 4000;
const SPOKEN_EVERY_SHARE = 0.25;

const zone = document.querySelector("[data-restore-drop]");

const part = (name) => zone.parentElement.querySelector(`[data-upload-${name}]`);

let request = null;

function size(bytes) {
  let unit = 0;
  let shown = bytes;
  while (shown >= (unit ? 999.95 : 1000) && unit < UNITS.length - 1) {
    shown /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${bytes} bytes` : `${shown.toFixed(1)} ${UNITS[unit]}`;
}

function duration(seconds) {
  if (seconds < 2) return "a moment";
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  return `${(seconds / 3600).toFixed(1)} hours`;
}

// Of the last seconds alone: what a connection did a minute ago says little about how long it still takes.
function speedometer() {
  const marks = [];
  return (bytes) => {
    const now = performance.now();
    marks.push({ now, bytes });
    while (marks.length > 2 && now - marks[0].now > SPEED_OVER_MILLISECONDS) marks.shift();
    const [first] = marks;
    return now - first.now > 300 ? ((bytes - first.bytes) * 1000) / (now - first.now) : null;
  };
}

function say(words) {
  part("said").textContent = words;
}

function show(uploading) {
  part("progress").hidden = !uploading;
  zone.hidden = uploading;
  document.querySelectorAll("[data-restore-other] button").forEach((button) => { button.disabled = uploading; });
}

// Text with `commands` in it, as errors and hints have them.
function words(text) {
  return text.split("`").map((piece, place) => {
    if (place % 2 === 0) return piece;
    const code = document.createElement("code");
    code.textContent = piece;
    return code;
  });
}

// A problem is a document with `detail` and `hint`, as the server sends it.
function fail({ detail, hint }, kind = "bad") {
  show(false);
  const notice = part("notice").content.firstElementChild.cloneNode(true);
  notice.classList.add(`notice--${kind}`);
  notice.querySelector("[data-title]").append(...words(detail));
  notice.querySelector("[data-hint]").append(...words(hint));
  part("problem").replaceChildren(notice);
  zone.querySelector("input[type=file]").focus();
}

function problemOf(text, status) {
  try {
    const problem = JSON.parse(text);
    if (problem.detail) return problem;
  } catch {
    // Not a problem document: a proxy's page, say.
  }
  if (status === 413) {
    return {
      detail: "Something between this browser and the shop refused the file: it is too large for it",
      hint: "A proxy in front of the shop has a limit of its own. Raise it, or use `berrypod restore apply FILE` on the server.",
    };
  }
  return { detail: `The shop answered with the status ${status}`, hint: "Load this page again, and try once more." };
}

// Asked before the first byte leaves: a refusal in the middle of a big upload often arrives as a broken connection.
async function roomFor(file) {
  const response = await fetch(`${zone.dataset.room}?size_bytes=${file.size}`, {
    headers: { accept: "application/json" },
    credentials: "same-origin",
    redirect: "error",
  });
  return response.ok ? null : problemOf(await response.text(), response.status);
}

async function send(file) {
  if (request) return;
  part("problem").replaceChildren();
  part("name").textContent = file.name;
  let problem;
  try {
    problem = await roomFor(file);
  } catch {
    problem = { detail: "The shop cannot be reached", hint: "Load this page again, and try once more." };
  }
  if (problem) {
    fail(problem);
    return;
  }
  upload(file);
}

function upload(file) {
  const speed = speedometer();
  let spoken = 0;
  let sent = 0;
  request = new XMLHttpRequest();
  request.open("POST", `${zone.dataset.send}?filename=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("accept", "application/json");
  request.setRequestHeader("content-type", "application/octet-stream");
  request.setRequestHeader("x-csrftoken", zone.querySelector("[name=_csrf_token]").value);

  request.upload.addEventListener("progress", (event) => {
    sent = event.loaded;
    const perSecond = speed(sent);
    const share = file.size ? sent / file.size : 1;
    part("bar").value = share;
    part("amount").textContent = `${size(sent)} of ${size(file.size)}`;
    part("detail").textContent = perSecond
      ? `${size(perSecond)} per second, ${duration((file.size - sent) / perSecond)} left`
      : "";
    if (share - spoken >= SPOKEN_EVERY_SHARE) {
      spoken = share;
      say(`${Math.round(share * 100)} percent sent`);
    }
  });
  request.upload.addEventListener("load", () => {
    part("bar").removeAttribute("value");
    part("detail").textContent = "Everything was sent. The shop is writing it to its disk.";
  });
  request.addEventListener("load", () => {
    const { status, responseText } = request;
    request = null;
    if (status === 201) window.location.assign(JSON.parse(responseText).url);
    else fail(problemOf(responseText, status));
  });
  request.addEventListener("error", () => {
    request = null;
    fail({
      detail: `The connection broke off after ${size(sent)}`,
      hint: "Nothing of the file was kept, and the shop was not touched. Try once more.",
    });
  });
  request.addEventListener("abort", () => {
    request = null;
    fail({ detail: "Cancelled", hint: "Nothing of the file was kept, and the shop was not touched." }, "info");
  });

  part("bar").value = 0;
  part("amount").textContent = `0 bytes of ${size(file.size)}`;
  part("detail").textContent = "";
  show(true);
  say(`Sending ${file.name}`);
  part("cancel").focus();
  request.send(file);
}

function take(transfer) {
  const [entry] = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
  if (entry?.isDirectory) {
    fail({ detail: "This is a folder", hint: "Drop the backup itself: one file, which ends with .db." });
  } else if (transfer.files.length > 1) {
    fail({ detail: "These are several files", hint: "Drop the backup alone: one file, which ends with .db." });
  } else if (transfer.files.length === 1) {
    send(transfer.files[0]);
  }
}

// A file that misses the zone would otherwise be opened in the place of this page.
function guardThePage() {
  window.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const over = zone.contains(event.target);
    event.dataTransfer.dropEffect = over ? "copy" : "none";
    zone.classList.toggle("dropzone--over", over);
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("dropzone--over");
  });
  window.addEventListener("drop", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.remove("dropzone--over");
    if (zone.contains(event.target)) take(event.dataTransfer);
  });
  window.addEventListener("beforeunload", (event) => {
    if (request) event.preventDefault();
  });
}

if (zone) {
  const input = zone.querySelector("input[type=file]");
  zone.classList.add("dropzone--live");
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = ""; // the same file may be chosen again after an error
    if (file) send(file);
  });
  part("cancel").addEventListener("click", () => request?.abort());
  guardThePage();
}
