// A chart's values as a table, newest first: for screen readers and for copying.
const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });
const moments = new Intl.DateTimeFormat(undefined, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });

function cell(kind, text, className = "") {
  const element = document.createElement(kind);
  element.textContent = text;
  if (className) element.className = className;
  if (kind === "th") element.scope = "col";
  return element;
}

export function fillTable(place, chart) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  head.append(cell("th", "Time"), ...chart.series.map((one) => cell("th", `${one.label} (${one.statistic})`, "right")));
  const body = table.createTBody();
  for (let row = chart.times.length - 1; row >= 0; row--) {
    const at = new Date(chart.times[row] * 1000);
    const time = document.createElement("time");
    time.dateTime = at.toISOString();
    time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
    time.textContent = moments.format(at);
    const first = cell("td", "", "nowrap");
    first.append(time);
    const values = chart.series.map((one) => cell("td", one.values[row] === null ? "–" : numbers.format(one.values[row]), "right"));
    body.insertRow().append(first, ...values);
  }
  const { scrollTop, scrollLeft } = place;
  place.replaceChildren(table);
  place.scrollTo(scrollLeft, scrollTop);
}
