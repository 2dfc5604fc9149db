// Colours with enough contrast in both themes, whatever the dashboard says.
const CONTRAST_MIN = 3; // WCAG 2.2, 1.4.11: graphics
const PALETTE = 6;
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [12, 5], [4, 2, 1, 2]];

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const parts = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// Moves towards black on light and white on dark until the contrast suffices.
export function legible(hex, ground) {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) return null;
  const goal = luminance(parts(ground)) > 0.5 ? 0 : 255;
  let rgb = parts(hex);
  for (let step = 0; step < 20 && contrast(rgb, parts(ground)) < CONTRAST_MIN; step++) {
    rgb = rgb.map((part) => Math.round(part + (goal - part) * 0.12));
  }
  return `rgb(${rgb.join(", ")})`;
}

export const theme = () => ({ ground: style("--surface"), line: style("--line"), muted: style("--muted"), bad: style("--bad") });
export const strokeOf = (index, chosen, ground) => (chosen && legible(chosen, ground)) || style(`--series-${index % PALETTE}`);
export const dashOf = (index) => DASHES[index % DASHES.length];
// The nearest border style.
export const borderOf = (index) => ["solid", "dashed", "dotted"][Math.min(index % DASHES.length, 2)];
