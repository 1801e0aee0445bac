// The flight recorder's charts: single steps faint, their moving average strong.

import { element, sharp, style } from "./common.js";

const LEFT = 46, RIGHT = 62, TOP = 8, BOTTOM = 8;

// A chart of lines { name, label, colour }. low, high: of the axis, if they are known. log: whether
// it is logarithmic. goal() -> [value, label] of a dashed line.
export class Chart {
  constructor(title, lines, { low, high, log = false, goal = () => null } = {}) {
    Object.assign(this, { title, lines, low, high, log, goal, found: {} });
    this.canvas = element("canvas", { role: "img" });
    this.caption = element("figcaption");
    this.figure = element("figure", { class: "chart" }, this.caption, this.canvas);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  // log: meter -> [step, value, step, value ...]. steps: so far.
  show(log, steps) {
    this.found = log;
    this.steps = steps;
    this.draw();
  }

  draw() {
    const { context, width, height } = sharp(this.canvas);
    context.clearRect(0, 0, width, height);
    this.caption.textContent = this.title;
    const up = (value) => (this.log ? Math.log10(Math.max(value, 1e-12)) : value);
    const lines = this.lines.filter(({ name }) => this.found[name]?.length).map((line) => {
      const values = this.found[line.name], count = values.length / 2;
      const raw = Array.from({ length: count }, (_, i) => up(values[2 * i + 1]));
      return { ...line, raw, at: Array.from({ length: count }, (_, i) => values[2 * i]),
        smooth: averaged(raw, Math.max(1, Math.floor(count / 25))) };
    });
    const goal = this.goal();
    this.canvas.setAttribute("aria-label", [this.title, ...lines.map(
      ({ label, name }) => `${label} ${shortly(this.found[name].at(-1))}`)].join(", "));
    context.font = `${Math.max(11, 0.72 * rem())}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    if (!lines.length) return;
    const seen = lines.flatMap(({ raw, smooth }) => [...smooth, quantile(raw, 0.01),
      quantile(raw, 0.99)]);
    let low = this.low ?? Math.min(...seen), high = this.high?.() ?? Math.max(...seen);
    if (high - low < 1e-6) [low, high] = [low - 0.5, high + 0.5];
    const y = (value) => TOP + (height - TOP - BOTTOM) * (1 - (value - low) / (high - low));
    const x = (step) => LEFT + (width - LEFT - RIGHT) * (step / this.steps);
    this.frame(context, low, high, width, y);
    if (goal) {
      context.setLineDash([5, 4]);
      context.strokeStyle = style("--soft");
      context.beginPath();
      context.moveTo(LEFT, y(goal[0]));
      context.lineTo(width - RIGHT, y(goal[0]));
      context.stroke();
      context.setLineDash([]);
    }
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, width - LEFT - RIGHT + 2, height);
    context.clip();
    for (const { raw, smooth, at, colour } of lines) {
      context.strokeStyle = style(colour);
      for (const [values, thick, alpha] of [[raw, 1, 0.3], [smooth, 2.2, 1]]) {
        context.lineWidth = thick;
        context.globalAlpha = alpha;
        context.beginPath();
        values.forEach((value, i) => context.lineTo(x(at[i]), y(value)));
        context.stroke();
      }
    }
    context.restore();
    // Labels at the ends of the lines, apart from each other.
    const ends = lines.map(({ label, smooth, colour }) => ({ label, colour,
      y: Math.max(TOP + 4, Math.min(height - BOTTOM - 4, y(smooth.at(-1)))) }));
    if (goal) ends.push({ label: goal[1], colour: "--soft", y: y(goal[0]) });
    ends.sort((a, b) => a.y - b.y);
    for (let i = 1; i < ends.length; i++) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + 14);
    const over = Math.max(0, ends.at(-1).y - (height - 7));
    context.textAlign = "left";
    for (const end of ends) {
      context.fillStyle = style(end.colour);
      context.fillText(end.label, width - RIGHT + 7, end.y - over);
    }
  }

  frame(context, low, high, width, y) {
    context.strokeStyle = style("--line");
    context.fillStyle = style("--soft");
    context.textAlign = "right";
    context.lineWidth = 1;
    for (const value of [low, (low + high) / 2, high]) {
      context.beginPath();
      context.moveTo(LEFT, y(value));
      context.lineTo(width - RIGHT, y(value));
      context.stroke();
      context.fillText(shortly(this.log ? 10 ** value : value), LEFT - 6, y(value));
    }
  }
}

// A chart of dots on two lines: what the digits' discriminator says of an image and its company.
export function drawStrips(canvas, rows) {
  const { context, width, height } = sharp(canvas), left = 12, right = 12;
  const x = (p) => left + p * (width - left - right);
  context.clearRect(0, 0, width, height);
  context.font = `${Math.max(12, 0.75 * rem())}px system-ui, sans-serif`;
  rows.forEach(({ title, colour, others, yours }, row) => {
    const y = (height * (row + 0.55)) / (rows.length + 0.25);
    context.fillStyle = style("--soft");
    context.textAlign = "left";
    context.fillText(title, left, y - 20);
    context.strokeStyle = style("--line");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(width - right, y);
    context.stroke();
    context.fillStyle = style(colour);
    context.globalAlpha = 0.45;
    others.forEach((p, i) => {
      context.beginPath();
      context.arc(x(p), y + ((i * 7) % 13) - 6, 4, 0, 7);
      context.fill();
    });
    context.globalAlpha = 1;
    for (const [thick, ring] of [[7, "--paper"], [3.5, "--ink"]]) {
      context.beginPath();
      context.arc(x(yours), y, 10, 0, 7);
      context.lineWidth = thick;
      context.strokeStyle = style(ring);
      context.stroke();
    }
  });
  context.fillStyle = style("--soft");
  for (const [p, align] of [[0, "left"], [0.5, "center"], [1, "right"]]) {
    context.textAlign = align;
    context.fillText(["0 fake", "1/2", "1 real"][2 * p], x(p), height - 6);
  }
}

function averaged(values, width) {
  const sums = [0];
  values.forEach((value) => sums.push(sums.at(-1) + value));
  return values.map((_, i) => {
    const from = Math.max(0, i - width), to = Math.min(values.length, i + width + 1);
    return (sums[to] - sums[from]) / (to - from);
  });
}

function quantile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.round(share * (values.length - 1))];
}

export const shortly = (value) => (value && Math.abs(value) < 0.01 || Math.abs(value) >= 1e4
  ? value.toExponential(0) : Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0)).toString());

const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
