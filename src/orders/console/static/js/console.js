// On every page: live updates, local times and amounts, keyboard shortcuts.
import { localize } from "./local.js";
import { bindKeys } from "./keys.js";
import { morph } from "./morph.js";

// A browser opens at most six connections per host, so only visible pages hold one.
function stayLive() {
  const page = document.body.dataset.live;
  let source = null;
  const open = () => {
    if (source) return;
    source = new EventSource(`/live?page=${encodeURIComponent(page)}&seen=${document.body.dataset.seen}`);
    source.addEventListener("header", (event) => {
      morph(document.getElementById("header"), event.data);
      if (!document.querySelector("#header .state.idle")) showState();
    });
    source.addEventListener("body", (event) => {
      const body = document.getElementById("body");
      if (body) morph(body, event.data);
    });
    source.addEventListener("error", () => document.body.classList.add("console-gone"));
    source.addEventListener("open", () => document.body.classList.remove("console-gone"));
  };
  const close = () => { source?.close(); source = null; };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  if (!document.hidden) open();
}

// A page that was shown before the system's state was known is drawn again with the first state.
async function showState() {
  const place = document.querySelector("[data-awaits-state]");
  if (!place) return;
  place.removeAttribute("data-awaits-state");
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    morph(document.getElementById("main"), page.getElementById("main").innerHTML);
    loadLater();
  } catch {
    place.setAttribute("data-awaits-state", ""); // with the next state
  }
}

// Parts of a page that take longer to read are loaded after it.
const repeated = new WeakSet();

function loadLater() {
  for (const place of document.querySelectorAll("[data-load]")) {
    load(place);
    if (!place.dataset.every || repeated.has(place)) continue;
    repeated.add(place);
    setInterval(() => document.hidden || load(place), Number(place.dataset.every));
  }
}

async function load(place) {
  try {
    const answer = await fetch(place.dataset.load, { headers: { accept: "text/plain" } });
    const text = await answer.text();
    if (answer.ok) morph(place, text);
    else place.textContent = text;
  } catch {
    place.textContent = "The console does not respond.";
  }
}

// Where the navigation is wider than the window, the page's own entry is in sight.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
localize(document);
loadLater();
bindKeys();
stayLive();
