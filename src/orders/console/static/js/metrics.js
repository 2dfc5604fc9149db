// The charts of the metrics page: drawn from what the page brought, then kept up to date while it is seen.
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { dashOf, strokeOf, theme } from "./colors.js";
import { localize } from "./local.js";
import { fillTable } from "./metrics-table.js";

const HEIGHT = 180;
const RETRY_MS = 5000;
const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
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

// A value with no neighbour has no line: it is drawn as a point.
const lonely = (values) => values.flatMap((value, place) =>
  value !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null ? [place] : []);

// The dashboard's own lines and the alarms' thresholds, dashed, with their names.
function drawLines(lines, colors) {
  return (plot) => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colors.bad;
    ctx.setLineDash([8 * ratio, 4 * ratio]);
    ctx.lineWidth = 1.5 * ratio;
    ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = "right";
    for (const line of lines) {
      const y = Math.min(plot.valToPos(line.value, "y", true), bbox.top + bbox.height - ratio);
      if (y < bbox.top) continue;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const isTop = y - bbox.top < 14 * ratio;
      ctx.fillText(line.name, bbox.left + bbox.width - 4 * ratio, isTop ? y + 13 * ratio : y - 4 * ratio);
    }
    ctx.restore();
  };
}

function scaleTo(series, lines, isRight) {
  const values = series.filter((one) => one.right === isRight).flatMap((one) => one.values.filter((value) => value !== null));
  if (!isRight) values.push(...lines.map((line) => line.value));
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  return [low, high === low ? low + 1 : high + (high - low) * 0.12];
}

function options(chart, width) {
  const colors = theme();
  const lines = chart.lines.filter((line) => line.value !== null);
  const isLong = answer.until - answer.from > 24 * 3600 * 1000;
  const hasRight = chart.series.some((one) => one.right);
  const axis = { stroke: colors.muted, grid: { stroke: colors.line, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const amount = (_, splits) => splits.map((value) => short.format(value));
  return {
    width, height: HEIGHT,
    scales: {
      x: { time: true, range: () => [answer.from / 1000, answer.until / 1000] },
      y: { range: () => scaleTo(chart.series, lines, false) },
      right: { range: () => scaleTo(chart.series, lines, true) },
    },
    axes: [
      { ...axis, space: isLong ? 84 : 56, values: (_, splits) => splits.map((at) => timeText(at, isLong)), size: 26 },
      { ...axis, values: amount, size: 46 },
      ...(hasRight ? [{ ...axis, scale: "right", side: 1, values: amount, size: 46, grid: { show: false } }] : []),
    ],
    series: [
      { label: "Time", value: (_, at) => (at === null ? "last" : timeText(at, isLong)) },
      ...chart.series.map((one, index) => ({
        label: one.label, scale: one.right ? "right" : "y", dash: dashOf(index), width: 2,
        stroke: strokeOf(index, one.color, colors.ground), spanGaps: false,
        points: { show: true, size: 5, filter: () => lonely(one.values) },
        // Without a cursor the last value stands there, so that the legend says something at once.
        value: (_, value, __, place) => {
          const said = place === null ? one.values.findLast((each) => each !== null) : value;
          return said === null || said === undefined ? "–" : numbers.format(said);
        },
      })),
    ],
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    legend: { live: true, markers: { dash: (_, index) => (dashOf(index - 1).length ? "dashed" : "solid") } },
    hooks: { draw: [drawLines(lines, colors)] },
  };
}

function drawChart(section) {
  const chart = answer.widgets[Number(section.dataset.chart)];
  const place = section.querySelector(".plot");
  const isEmpty = chart.times.length === 0;
  place.hidden = isEmpty;
  section.querySelector(".empty").hidden = !isEmpty;
  plots.get(section)?.destroy();
  plots.delete(section);
  if (!isEmpty) {
    const data = [chart.times, ...chart.series.map((one) => one.values)];
    plots.set(section, new uPlot(options(chart, place.clientWidth), data, place));
  }
  tellThresholds(section.querySelector(".thresholds"), chart.lines);
  const details = section.querySelector("details");
  if (details.open) fillTable(details.querySelector(".scroll"), chart);
}

function tellThresholds(list, lines) {
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    const state = document.createElement("span");
    state.className = `state ${{ OK: "good", ALARM: "bad" }[line.state] ?? "idle"}`;
    state.textContent = line.state;
    item.append(`${line.name}: ${line.condition || numbers.format(line.value)}${line.value === null ? " (not drawn: computed)" : ""} `, state);
    return item;
  }));
}

function drawAll() {
  for (const section of sections) drawChart(section);
  for (const alarm of answer.widgets.flatMap((widget) => (widget.type === "alarms" ? widget.alarms : []))) {
    const tag = document.querySelector(`[data-alarm="${CSS.escape(alarm.name)}"]`);
    if (!tag) continue;
    tag.textContent = alarm.state || "missing";
    tag.className = `tag ${{ OK: "good", ALARM: "bad" }[alarm.state] ?? ""}`;
  }
}

function tellTime() {
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
    // Another dashboard has other charts: the page is made anew.
    if (fresh.version !== answer.version || fresh.deployed !== answer.deployed) { location.reload(); return; }
    answer = fresh;
    lost.hidden = true;
    tellTime();
    drawAll();
  } catch (error) {
    lost.textContent = `No new values: ${error.message} The charts show the last ones; this page tries again by itself.`;
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
    if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  }
}).observe(document.getElementById("charts"));
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
schedule(Number(document.getElementById("charts").dataset.every));
