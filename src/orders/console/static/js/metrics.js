// The charts of the metrics page: drawn from embedded data, then refreshed while the page is visible.
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { borderOf, dashOf, strokeOf, theme } from "./colors.js";
import { localize } from "./local.js";
import { fillTable } from "./metrics-table.js";

const HEIGHT = 180;
const LEAD_HEIGHT = 230;
const heightOf = (section) => (section.classList.contains("lead") ? LEAD_HEIGHT : HEIGHT);
const RETRY_MS = 5000;
const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 });
const sections = [...document.querySelectorAll("[data-chart]")];
const plots = new Map();
let answer = JSON.parse(document.getElementById("answer").textContent);
let timer = 0;

const two = (part) => String(part).padStart(2, "0");
function timeText(seconds, isLong) {
  const at = new Date(seconds * 1000);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return isLong ? `${at.toLocaleDateString(undefined, { day: "2-digit", month: "short" })} ${clock}` : clock;
}

// The value of the last minutes; an older one is not the present value.
const newest = (values) => {
  const passed = answer.at / 1000 - (answer.from / 1000);
  const last = Math.min(values.length - 1, Math.floor(passed / answer.period));
  return values.slice(Math.max(0, last - 2), last + 1).findLast((each) => each !== null);
};

// A value without neighbours is drawn as a point.
const lonely = (values) => values.flatMap((value, place) =>
  value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null ? [place] : []);

// The dashboard's own lines and the thresholds that matter now, dashed. The list below the chart names them.
function drawLines(read, colors) {
  return (plot) => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = colors.bad;
    ctx.setLineDash([8 * ratio, 4 * ratio]);
    ctx.lineWidth = 1.5 * ratio;
    for (const line of drawn(read())) {
      const y = Math.min(plot.valToPos(line.value, line.right ? "right" : "y", true), bbox.top + bbox.height - ratio);
      if (y < bbox.top) continue;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  };
}

// A threshold far above the values would flatten them: it is drawn once the values come near, or while its alarm fires.
const highest = (chart, isRight) => Math.max(0, ...chart.series.filter((one) => one.right === isRight).flatMap((one) => one.values.filter((value) => value !== null)));
const drawn = (chart) => {
  const near = { left: highest(chart, false), right: highest(chart, true) };
  const isNear = (line) => line.value <= 2 * (line.right ? near.right : near.left);
  const hasRight = chart.series.some((one) => one.right);
  return chart.lines.filter((line) => line.value !== null && (hasRight || !line.right) && (line.state === "" || (line.value > 0 && (line.state === "ALARM" || isNear(line)))));
};

// Zero is always in it, and room above the highest for a line's name.
function scaleOf(chart, isRight) {
  const values = chart.series.filter((one) => one.right === isRight).flatMap((one) => one.values.filter((value) => value !== null));
  values.push(...drawn(chart).filter((line) => line.right === isRight).map((line) => line.value));
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  return [low, high === low ? low + 1 : high + (high - low) * 0.16];
}

// `read` returns the chart's latest values.
function options(read, width, height) {
  const colors = theme();
  const chart = read();
  const isLong = answer.until - answer.from > 24 * 3600 * 1000;
  const hasRight = chart.series.some((one) => one.right);
  const axis = { stroke: colors.muted, grid: { stroke: colors.line, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const amount = (_, splits) => splits.map((value) => short.format(value));
  return {
    width, height,
    scales: {
      x: { time: true, range: () => [answer.from / 1000, answer.until / 1000] },
      y: { range: () => scaleOf(read(), false) },
      right: { range: () => scaleOf(read(), true) },
    },
    axes: [
      { ...axis, space: isLong ? 84 : 56, values: (_, splits) => splits.map((at) => timeText(at, isLong)), size: 26 },
      { ...axis, values: amount, size: 46 },
      ...(hasRight ? [{ ...axis, scale: "right", side: 1, values: amount, size: 46, grid: { show: false } }] : []),
    ],
    series: [
      { label: "Time", value: (_, at) => (at === null ? "last" : timeText(at, isLong)) },
      ...chart.series.map((one, index) => series(one, index, read, colors)),
    ],
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    legend: { live: true, markers: { dash: (_, index) => borderOf(index - 1) } },
    hooks: { draw: [drawLines(read, colors)] },
  };
}

function series(one, index, read, colors) {
  const stroke = strokeOf(index, one.color, colors.ground);
  return {
    label: one.label, scale: one.right ? "right" : "y", dash: dashOf(index), width: 2, stroke, spanGaps: false,
    points: { show: true, size: 6, stroke, fill: stroke, filter: () => lonely(read().series[index].values) },
    // Without a cursor the legend shows the last value.
    value: (_, value, __, place) => {
      const shown = place === null ? newest(read().series[index].values) : value;
      return shown === null || shown === undefined ? "–" : numbers.format(shown);
    },
  };
}

function drawChart(section, isRedrawn) {
  const read = () => answer.widgets[Number(section.dataset.chart)];
  const chart = read();
  const place = section.querySelector(".plot");
  const isEmpty = chart.times.length === 0;
  place.hidden = isEmpty;
  section.querySelector(".empty").hidden = !isEmpty;
  const data = [chart.times, ...chart.series.map((one) => one.values)];
  const shows = chart.series.map((one) => one.label).join("\n");
  const plot = plots.get(section);
  // For the same series only the values are replaced, so the cursor stays.
  if (plot && !isRedrawn && !isEmpty && plot.shows === shows) {
    plot.setData(data);
  } else {
    plot?.destroy();
    plots.delete(section);
    if (!isEmpty) plots.set(section, Object.assign(new uPlot(options(read, place.clientWidth, heightOf(section)), data, place), { shows }));
  }
  showThresholds(section.querySelector(".thresholds"), chart.lines);
  const details = section.querySelector("details");
  if (details.open) fillTable(details.querySelector(".scroll"), chart);
}

function showThresholds(list, lines) {
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    const state = document.createElement("span");
    state.className = `state ${{ OK: "good", ALARM: "bad" }[line.state] ?? "idle"}`;
    state.textContent = line.state;
    item.append(`${line.name}: ${line.condition || numbers.format(line.value)}${line.value === null ? " (not drawn: computed)" : ""} `, state);
    return item;
  }));
}

function drawAll({ isRedrawn = false } = {}) {
  for (const section of sections) drawChart(section, isRedrawn);
  for (const alarm of answer.widgets.flatMap((widget) => (widget.type === "alarms" ? widget.alarms : []))) {
    const tag = document.querySelector(`[data-alarm="${CSS.escape(alarm.name)}"]`);
    if (!tag) continue;
    tag.textContent = alarm.state || "missing";
    tag.className = `tag ${{ OK: "good", ALARM: "bad" }[alarm.state] ?? ""}`;
  }
}

function showTime() {
  const time = document.createElement("time");
  time.dateTime = new Date(answer.at).toISOString();
  time.title = `${time.dateTime.slice(0, 19).replace("T", " ")} UTC`;
  time.dataset.form = "time";
  document.getElementById("read-at").replaceChildren(time);
  localize(document.getElementById("read-at"));
}

async function refresh() {
  clearTimeout(timer);
  const lost = document.getElementById("lost");
  let wait = Number(document.getElementById("charts").dataset.every);
  try {
    const response = await fetch(`/metrics/data?range=${encodeURIComponent(answer.range)}`, { headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(await response.text());
    const fresh = await response.json();
    // The dashboard has changed: reload the page.
    if (fresh.version !== answer.version || fresh.deployed !== answer.deployed) { location.reload(); return; }
    answer = fresh;
    lost.hidden = true;
    showTime();
    drawAll();
  } catch (error) {
    lost.textContent = `No new values: ${error instanceof TypeError ? "the console does not respond." : error.message} The charts show the last values; this page retries.`;
    lost.hidden = false;
    wait = RETRY_MS;
  }
  document.getElementById("charts").classList.toggle("greyed", !lost.hidden);
  schedule(wait);
}

function schedule(wait) {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, wait);
}

drawAll();
for (const section of sections) {
  const details = section.querySelector("details");
  details.addEventListener("toggle", () => {
    if (details.open) fillTable(details.querySelector(".scroll"), answer.widgets[Number(section.dataset.chart)]);
  });
}
new ResizeObserver(() => {
  for (const [section, plot] of plots) {
    const width = section.querySelector(".plot").clientWidth;
    if (width && width !== plot.width) plot.setSize({ width, height: heightOf(section) });
  }
}).observe(document.getElementById("charts"));
new MutationObserver(() => drawAll({ isRedrawn: true })).observe(document.documentElement, { attributeFilter: ["data-theme"] });
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
schedule(Number(document.getElementById("charts").dataset.every));
