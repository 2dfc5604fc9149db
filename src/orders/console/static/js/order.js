// The order's history is read from the log after the page has loaded, because the search may take seconds.
import { morph } from "./morph.js";

for (const button of document.querySelectorAll("[data-copy], [data-copy-from]")) {
  button.addEventListener("click", async () => {
    const output = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? document.getElementById(button.dataset.copyFrom).textContent);
      output.textContent = "Copied.";
    } catch {
      output.textContent = "The browser does not allow copying here.";
    }
  });
}

const history = document.getElementById("history");
try {
  const answer = await fetch(history.dataset.from, { headers: { accept: "text/plain" } });
  const text = await answer.text();
  if (answer.ok) morph(history, text);
  else history.append(text);
} catch {
  history.append("The console does not respond. Try the link above later.");
}
