// Keyboard shortcuts. Everything can also be reached by Tab.
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

export function bindKeys() {
  let awaitsPage = false;
  const help = document.getElementById("help");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const page = awaitsPage && document.querySelector(`.nav a[data-key="${CSS.escape(event.key)}"]`);
    awaitsPage = event.key === "g";
    if (page) page.click();
    else if (event.key === "?") help.showModal();
    else if (event.key === "/" || event.key === "f") {
      const field = document.querySelector(event.key === "/" ? "#find" : "main input:not([type=hidden]), main textarea, main select");
      if (field) { event.preventDefault(); field.focus(); field.select?.(); }
    }
  });
  document.querySelector('[data-action="help"]').addEventListener("click", () => help.showModal());
  document.querySelector('[data-action="theme"]').addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage is unavailable: it lasts for this page */ }
  });
}
