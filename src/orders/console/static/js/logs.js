// The live log: new rows at the top, bounded, paused by a button and while the page is hidden.
import { localize } from "./local.js";

const table = document.getElementById("log");

function add(html) {
  const rows = document.getElementById("rows");
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  localize(fresh.content);
  const known = new Set(Array.from(rows.children, (row) => row.dataset.event));
  for (const row of Array.from(fresh.content.children)) if (known.has(row.dataset.event)) row.remove();
  if (!fresh.content.children.length) return;
  rows.prepend(fresh.content);
  while (rows.children.length > Number(table.dataset.kept)) rows.lastElementChild.remove();
  document.getElementById("nothing").hidden = true;
}

function newest() {
  const times = Array.from(document.getElementById("rows").children, (row) => Number(row.dataset.at));
  return times.length ? Math.max(...times) : Number(table.dataset.now);
}

function follow() {
  const button = document.getElementById("pause");
  const state = document.getElementById("tail");
  let source = null;
  let paused = false;
  const showState = (tone, text) => {
    if (state.textContent === text) return;
    state.className = `state ${tone}`;
    state.textContent = text;
  };
  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || paused || document.hidden) return;
    source = new EventSource(`${table.dataset.stream}${table.dataset.stream.includes("?") ? "&" : "?"}from=${newest()}`);
    source.addEventListener("rows", (event) => { showState("good", "Following: new lines appear at the top"); add(event.data); });
    source.addEventListener("problem", (event) => {
      if (event.data) showState("bad", event.data);
      else showState("good", "Following: new lines appear at the top");
    });
    source.addEventListener("error", () => showState("bad", "The console does not respond; retrying"));
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Resume" : "Pause";
    if (paused) { close(); showState("idle", "Paused: new lines appear when you resume"); } else open();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
}

if (table) {
  if (table.dataset.stream) follow();
}
