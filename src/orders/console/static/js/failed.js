// Failed orders: progress of jobs, selection, and validation while an order is edited.
import { morph } from "./morph.js";

const POLL_MS = 700;
const POLL_AFTER_FAILURE_MS = 3000;
const TYPING_PAUSE_MS = 300;
const jobs = document.getElementById("jobs");
const body = document.getElementById("failed-body");

// --- Progress ---

const isRunning = () => document.getElementById("jobs-state").dataset.running === "yes";
const isFollowing = () => document.getElementById("jobs-state").dataset.following === "yes";

async function ask(url) {
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

async function redraw() {
  const page = new DOMParser().parseFromString(await ask(location.href), "text/html");
  morph(jobs, page.getElementById("jobs").innerHTML);
  const drawn = page.getElementById("failed-body");
  if (drawn && body.hasAttribute("data-refresh")) {
    morph(body, drawn.innerHTML);
    body.dataset.total = drawn.dataset.total;
    showSelection();
  }
}

async function follow() {
  let pause = POLL_MS;
  try {
    const wasRunning = isRunning();
    morph(jobs, await ask("/failed/jobs"));
    if (wasRunning && !isRunning()) {
      document.getElementById("jobs-announcement").textContent = jobs.querySelector(".job")?.textContent ?? "";
      await redraw();
    }
  } catch {
    pause = POLL_AFTER_FAILURE_MS; // the console does not respond: keep the page and retry
  }
  if (isRunning()) setTimeout(follow, pause);
  else if (isFollowing() && !document.hidden) setTimeout(follow, POLL_AFTER_FAILURE_MS);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden && isFollowing()) follow(); });

// --- Selection ---

function showSelection() {
  const form = document.querySelector("form[data-choice]");
  const output = form?.querySelector("[data-chosen]");
  if (!output) return;
  const boxes = [...form.querySelectorAll("input[data-orders]")];
  const chosen = boxes.filter((box) => box.checked);
  const orders = chosen.reduce((sum, box) => sum + Number(box.dataset.orders), 0);
  output.textContent = orders ? `${orders.toLocaleString()} chosen` : "None chosen";
  form.querySelector("[data-needs-choice]").disabled = !orders;
  const all = form.querySelector("[data-all]");
  if (all) {
    all.checked = chosen.length === boxes.length;
    all.indeterminate = orders > 0 && !all.checked;
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-choice]");
  if (!form) return;
  if (event.target.matches("[data-all]")) {
    for (const box of form.querySelectorAll("input[data-orders]")) box.checked = event.target.checked;
  }
  showSelection();
});

// --- Editing ---

function checkWhileTyping(form) {
  const field = form.elements.body;
  const verdict = document.getElementById("edit-check");
  const send = form.querySelector("button.primary");
  const original = field.defaultValue;
  let timer = 0;
  let last = 0;
  let isSending = false;

  function showResult(text, isValid) {
    if (verdict.textContent !== text) verdict.textContent = text;
    verdict.className = isValid ? "good-text" : "bad-text";
    field.toggleAttribute("aria-invalid", false);
    if (!isValid) field.setAttribute("aria-invalid", "true");
    send.disabled = !isValid;
  }

  async function check() {
    const turn = ++last;
    try {
      const answer = await fetch("/failed/check", { method: "POST", body: new FormData(form) });
      if (turn !== last) return; // a newer check is running
      if (!answer.ok) throw new Error(await answer.text());
      const found = await answer.json();
      showResult(found.valid ? "Valid: OrderProcessor would store it." : found.reason, found.valid);
    } catch (error) {
      if (turn !== last) return;
      verdict.textContent = `Not checked: ${error.message}`;
      verdict.className = "bad-text";
      send.disabled = false; // the console checks the order again before sending it
    }
  }

  // The edited text is kept for this tab until it is sent, so a reload does not lose it.
  const draftKey = `draft ${form.elements.id.value}`;
  const keepDraft = () => {
    try {
      if (field.value === original) sessionStorage.removeItem(draftKey);
      else sessionStorage.setItem(draftKey, field.value);
    } catch { /* storage is unavailable or full: the page asks before it is left */ }
  };
  let draft = null;
  try { draft = sessionStorage.getItem(draftKey); } catch { /* storage is unavailable */ }
  const isTyped = field.value !== original; // before this script ran
  if (isTyped) {
    keepDraft();
    check();
  } else if (draft !== null && draft !== original) {
    field.value = draft;
    document.getElementById("edit-restored").hidden = false;
    check();
  } else {
    send.disabled = field.getAttribute("aria-invalid") === "true";
  }
  document.getElementById("edit-discard").addEventListener("click", () => {
    field.value = original;
    keepDraft();
    document.getElementById("edit-restored").hidden = true;
    check();
  });

  field.addEventListener("input", () => {
    keepDraft();
    clearTimeout(timer);
    timer = setTimeout(check, TYPING_PAUSE_MS);
  });
  form.addEventListener("submit", () => {
    isSending = true;
    try { sessionStorage.removeItem(draftKey); } catch { /* storage is unavailable */ }
  });
  addEventListener("beforeunload", (event) => {
    let isKept = false;
    try { isKept = sessionStorage.getItem(draftKey) === field.value; } catch { /* storage is unavailable */ }
    if (!isSending && !isKept && field.value !== original) event.preventDefault();
  });
}

// The header shows the live number: when it differs from the list's, the list is read again, unless something is selected.
let checkedAt = 0;
async function followCount() {
  const now = document.querySelector("#header [data-failed]")?.dataset.failed ?? "";
  const hasSelection = document.querySelector("form[data-choice] input:checked");
  const isDue = Date.now() - checkedAt > POLL_AFTER_FAILURE_MS;
  if (now === "" || now === body.dataset.total || hasSelection || isRunning() || !isDue || !body.hasAttribute("data-refresh")) return;
  checkedAt = Date.now();
  await redraw();
  if (isRunning()) setTimeout(follow, POLL_MS);
}
new MutationObserver(() => followCount().catch(() => {})).observe(document.getElementById("header"), { childList: true, subtree: true, attributes: true });

if (isRunning() || isFollowing()) setTimeout(follow, POLL_MS);
showSelection();
const editor = document.getElementById("edit");
if (editor) checkWhileTyping(editor);
