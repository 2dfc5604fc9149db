// Times in the viewer's zone (UTC stays on hover), amounts as the currency is written. What the server sent is right
// as it stands, so nothing is lost where this does not run.
const forms = {
  datetime: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};
const times = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, new Intl.DateTimeFormat(undefined, form)]));
const amounts = new Map();

function amountFormat(currency, digits) {
  const key = `${currency} ${digits}`;
  if (!amounts.has(key)) {
    let format = null;
    try {
      // At least the currency's own decimals, and as many more as the amount has: £25.20, and £0.055.
      const own = new Intl.NumberFormat(undefined, { style: "currency", currency }).resolvedOptions().minimumFractionDigits;
      format = new Intl.NumberFormat(undefined, { style: "currency", currency, minimumFractionDigits: own, maximumFractionDigits: Math.max(digits, own) });
    } catch { /* no ISO 4217 code: the server's text stays */ }
    amounts.set(key, format);
  }
  return amounts.get(key);
}

export function localize(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const format = times[element.dataset.form] ?? times.datetime;
    const text = format.format(new Date(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of root.querySelectorAll("data.money[data-currency]")) {
    const digits = (element.value.split(".")[1] ?? "").length;
    const format = amountFormat(element.dataset.currency, Math.min(digits, 20));
    // Given as text, so that no digit is lost on the way through a binary number.
    if (format) element.textContent = format.format(element.value);
  }
}
