// Publish: validation while typing, adding and removing lines, dropping files, and the published order's progress.
import { morph } from "./morph.js";

const csrf = document.querySelector('meta[name="csrf"]').content;
const order = document.getElementById("order");
const lines = document.getElementById("lines");
const orders = document.getElementById("orders");
const WAIT_MS = 250;

async function ask(path, form) {
  const answer = await fetch(path, { method: "POST", body: new FormData(form), headers: { "X-CSRF-Token": csrf } });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `HTTP ${answer.status}`);
  return answer.json();
}

// --- One order, by form ---------------------------------------------------------------------------------------------

// A field shows its error after it lost focus or the form was sent; a fixed error disappears at once.
const visited = new Set([...order.querySelectorAll('[aria-invalid="true"]')].map((input) => input.name));
let asked = 0;
let timer = null;

function showViolations(violations) {
  const byPath = new Map(violations.map((one) => [one.path, one.expectation]));
  for (const input of order.querySelectorAll("input[aria-describedby]")) {
    const text = visited.has(input.name) ? byPath.get(input.name) ?? "" : "";
    document.getElementById(`${input.name}-error`).textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  document.getElementById("order-error").textContent = byPath.get("") ?? "";
  const state = document.getElementById("order-state");
  state.textContent = violations.length
    ? `OrderProcessor would reject this order: ${violations.map((one) => one.path || "the whole").join(", ")}.`
    : order.dataset.deployed === "yes" ? "OrderProcessor will store this order." : "The order meets the contract.";
}

async function check() {
  const number = ++asked;
  try {
    const { violations, sum } = await ask("/publish/check", order);
    if (number !== asked) return;
    if (order.elements.sums_up.checked) order.elements.total.value = sum ?? "";
    showViolations(violations);
  } catch (error) {
    if (number === asked) document.getElementById("order-state").textContent = `Not checked: ${error.message}`;
  }
}

function checkSoon() {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT_MS);
}

function numberLines() {
  [...lines.children].forEach((row, index) => {
    for (const input of row.querySelectorAll("input")) {
      const path = `items[${index}].${input.dataset.member}`;
      const label = row.querySelector(`[id="${input.id}-error"]`);
      input.id = input.name = path;
      label.id = `${path}-error`;
      input.setAttribute("aria-describedby", label.id);
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, index + 1));
    }
    row.querySelector("button").setAttribute("aria-label", `Remove line ${index + 1}`);
  });
}

order.addEventListener("input", (event) => {
  if (event.target.name === "total") order.elements.sums_up.checked = false;
  checkSoon();
});
order.addEventListener("focusout", (event) => {
  if (event.target.name && event.target.defaultValue !== event.target.value) visited.add(event.target.name);
  checkSoon();
});
order.addEventListener("click", (event) => {
  const action = event.target.dataset.action;
  if (action === "add-line") {
    lines.append(document.getElementById("line").content.cloneNode(true));
    numberLines();
    lines.lastElementChild.querySelector("input").focus();
  } else if (action === "remove-line") {
    const row = event.target.closest("tr");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    // Visited fields are known by line number, and the numbers have changed.
    for (const name of [...visited]) if (name.startsWith("items[")) visited.delete(name);
    numberLines();
    (next?.querySelector("button") ?? order.querySelector('[data-action="add-line"]')).focus();
  } else return;
  checkSoon();
});
check();

// --- Many, as JSON --------------------------------------------------------------------------------------------------

const result = document.getElementById("text-result");
const file = orders.elements.file;
const forget = orders.querySelector('[data-action="forget-file"]');
const drop = document.getElementById("drop");

const element = (name, text, className = "") => Object.assign(document.createElement(name), { textContent: text, className });

function showResult({ orders: count, valid, refused }) {
  const error = document.getElementById("text-error");
  error.textContent = "";
  orders.elements.text.toggleAttribute("aria-invalid", false);
  const parts = [element("p", count === 0 ? "No order found." : `${valid} of ${count} can be published.`, refused.length ? "notice bad" : "notice")];
  if (refused.length) {
    const list = element("ul", "");
    for (const one of refused) {
      const item = element("li", `Line ${one.line}: `);
      if (one.path) item.append(element("code", one.path), " ");
      item.append(one.reason);
      list.append(item);
    }
    parts.push(list);
    if (count - valid > refused.length) parts.push(element("p", `… and ${count - valid - refused.length} more.`));
    if (!file.files.length) orders.elements.text.setAttribute("aria-invalid", "true");
  }
  result.replaceChildren(...parts);
}

async function checkAll() {
  try {
    showResult(await ask("/publish/check-file", orders));
  } catch (error) {
    result.replaceChildren(element("p", error.message, "notice bad"));
  }
}

let textTimer = null;
orders.elements.text.addEventListener("input", () => {
  clearTimeout(textTimer);
  textTimer = setTimeout(() => (orders.elements.text.value.trim() ? checkAll() : result.replaceChildren()), 2 * WAIT_MS);
});
if (orders.elements.text.value.trim()) checkAll(); // typed before this script ran
orders.querySelector('[data-action="check"]').addEventListener("click", checkAll);
file.addEventListener("change", () => {
  forget.hidden = !file.files.length;
  if (file.files.length) checkAll();
});
forget.addEventListener("click", () => {
  file.value = "";
  forget.hidden = true;
  result.replaceChildren();
  file.focus();
});
for (const target of [drop, orders.elements.text]) {
  target.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  target.addEventListener("dragleave", () => drop.classList.remove("over"));
  target.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    file.files = event.dataTransfer.files;
    file.dispatchEvent(new Event("change"));
  });
}

// --- Progress ---------------------------------------------------------------------------------------------

// The stream is open only while the page is visible; each connection starts from the beginning.
function follow(section) {
  let source = null;
  let ended = false;
  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || ended) return;
    source = new EventSource(section.dataset.stream);
    source.addEventListener("steps", (event) => morph(section.querySelector("[data-progress]"), event.data));
    source.addEventListener("end", () => {
      ended = true;
      close();
      for (const part of section.querySelectorAll("[data-while-running]")) part.hidden = true;
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  if (!document.hidden) open();
}

document.querySelectorAll("[data-stream]").forEach(follow);
