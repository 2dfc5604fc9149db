// The number of matching orders, which is counted after the page has loaded.
const count = document.getElementById("count");
if (count) {
  try {
    const answer = await fetch(count.dataset.from, { headers: { accept: "text/plain" } });
    count.textContent = answer.ok ? await answer.text() : "an unknown number";
  } catch {
    count.textContent = "an unknown number";
  }
}
