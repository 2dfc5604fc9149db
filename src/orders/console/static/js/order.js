// The order's life comes from the log, which may take a while: the page does not wait for it.
import { morph } from "./morph.js";

const life = document.getElementById("life");
try {
  const answer = await fetch(life.dataset.from, { headers: { accept: "text/plain" } });
  const text = await answer.text();
  if (answer.ok) morph(life, text);
  else life.append(text);
} catch {
  life.append("The console does not respond. Try the link above later.");
}
