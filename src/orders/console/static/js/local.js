// Shows times in the viewer's zone (UTC on hover) and amounts in the currency's format. Without this script the page shows
// UTC and currency codes.
const forms = {
  datetime: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  precise: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 },
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};
const times = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, new Intl.DateTimeFormat(undefined, form)]));
const amounts = new Map();

function amountFormat(currency, digits) {
  const key = `${currency} ${digits}`;
  if (!amounts.has(key)) {
    let format = null;
    try {
      // At least the currency's decimals, more if the amount has more: £25.20, £0.055.
      const own = new Intl.NumberFormat(undefined, { style: "currency", currency }).resolvedOptions().minimumFractionDigits;
      format = new Intl.NumberFormat(undefined, { style: "currency", currency, minimumFractionDigits: own, maximumFractionDigits: Math.max(digits, own) });
    } catch { /* not an ISO 4217 code: keep the server's text */ }
    amounts.set(key, format);
  }
  return amounts.get(key);
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

export function localize(root) {
  for (const element of root.querySelectorAll("[data-zone]")) if (zone) element.textContent = zone;
  for (const element of root.querySelectorAll("time[datetime]")) {
    const format = times[element.dataset.form] ?? times.datetime;
    const text = format.format(new Date(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of root.querySelectorAll("data.money[data-currency]")) {
    const digits = (element.value.split(".")[1] ?? "").length;
    const format = amountFormat(element.dataset.currency, Math.min(digits, 20));
    // Formatted from text, because a binary number would lose digits.
    if (format) element.textContent = format.format(element.value);
  }
}
