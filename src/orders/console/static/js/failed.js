// Failed orders: progress while work goes on, choosing, and the contract checked while an order is being mended.
import { morph } from "./morph.js";

const POLL_MS = 700;
const POLL_AFTER_FAILURE_MS = 3000;
const TYPING_PAUSE_MS = 300;
const jobs = document.getElementById("jobs");
const body = document.getElementById("failed-body");

// --- Progress ---

const isRunning = () => document.getElementById("jobs-state").dataset.running === "yes";

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
    tellChoice();
  }
}

async function follow() {
  let pause = POLL_MS;
  try {
    morph(jobs, await ask("/failed/jobs"));
    if (!isRunning()) {
      document.getElementById("jobs-said").textContent = jobs.querySelector(".job")?.textContent ?? "";
      await redraw();
    }
  } catch {
    pause = POLL_AFTER_FAILURE_MS; // the console is away; what is shown stays, and it is asked again
  }
  if (isRunning()) setTimeout(follow, pause);
}

// --- Choosing ---

function tellChoice() {
  const form = document.querySelector("form[data-choice]");
  const said = form?.querySelector("[data-chosen]");
  if (!said) return;
  const boxes = [...form.querySelectorAll("input[data-orders]")];
  const chosen = boxes.filter((box) => box.checked);
  const orders = chosen.reduce((sum, box) => sum + Number(box.dataset.orders), 0);
  said.textContent = orders ? `${orders.toLocaleString()} chosen` : "None chosen";
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
  tellChoice();
});

// --- Mending ---

function checkWhileTyping(form) {
  const field = form.elements.body;
  const verdict = document.getElementById("mend-check");
  const send = form.querySelector("button");
  const asCame = field.value;
  let timer = 0;
  let last = 0;
  let isSending = false;

  function say(text, isValid) {
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
      if (turn !== last) return; // typed on meanwhile
      if (!answer.ok) throw new Error(await answer.text());
      const found = await answer.json();
      say(found.valid ? "Valid: OrderProcessor would store it." : found.reason, found.valid);
    } catch (error) {
      if (turn !== last) return;
      verdict.textContent = `Not checked: ${error.message}`;
      verdict.className = "bad-text";
      send.disabled = false; // the console checks it once more before it sends it
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, TYPING_PAUSE_MS);
  });
  form.addEventListener("submit", () => { isSending = true; });
  addEventListener("beforeunload", (event) => {
    if (!isSending && field.value !== asCame) event.preventDefault();
  });
  send.disabled = field.getAttribute("aria-invalid") === "true";
}

if (isRunning()) setTimeout(follow, POLL_MS);
tellChoice();
const mend = document.getElementById("mend");
if (mend) checkWhileTyping(mend);
