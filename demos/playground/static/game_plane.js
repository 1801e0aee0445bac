// The plane: the discriminator's opinion, and over it the data, the fakes, their pulls, the grid.

import { element, sharp, style } from "./common.js";

const STRONGEST = 0.55;  // share of the colour where the discriminator is sure
const LONGEST = 0.11;    // of an arrow, as a share of the picture
const HALF = 1.5;        // the pull whose arrow has half of that length
const STEP = 0.02;       // share of the picture that an arrow key moves the pointer

// Scores as -1 for fake to 1 for real: what D says, or for a critic how its scores compare here.
export function opinions(scores, loss) {
  if (loss.endsWith("saturating")) return scores.map((s) => Math.tanh(s / 2));
  if (loss === "least squares") return scores.map((s) => Math.max(-1, Math.min(1, 2 * s - 1)));
  const sorted = Float32Array.from(scores).sort(), middle = sorted[sorted.length >> 1];
  const largest = Math.max(sorted.at(-1) - middle, middle - sorted[0], 1e-9);
  return scores.map((s) => (s - middle) / largest);
}

export class Plane {
  // layers: name -> a checkbox. say(text) tells what lies under the pointer.
  constructor(canvas, layers, say) {
    Object.assign(this, { canvas, layers, say, picture: null, data: null, at: null });
    this.opinion = element("canvas");
    canvas.addEventListener("pointermove", (event) => {
      this.at = [event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight];
      this.point();
    });
    for (const leave of ["pointerleave", "blur"]) {
      canvas.addEventListener(leave, () => { this.at = null; this.point(); });
    }
    canvas.addEventListener("keydown", (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
        ArrowDown: [0, 1] }[event.key] ?? [0, 0];
      if (!dx && !dy) return;
      event.preventDefault();
      const [x, y] = this.at ?? [0.5, 0.5], within = (v) => Math.max(0, Math.min(1, v));
      this.at = [within(x + STEP * dx), within(y + STEP * dy)];
      this.point();
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // picture: { field, fakes, pulls, grid }. ms: how long the way there takes to be shown.
  show(picture, loss, ms = 0) {
    const before = this.shown, fits = before && Object.keys(picture).every(
      (name) => before[name]?.length === picture[name].length);
    this.loss = loss;
    cancelAnimationFrame(this.moving);
    this.picture = picture;
    if (!ms || !fits || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.shown = picture;
      this.draw();
      return;
    }
    const began = performance.now(), tick = (now) => {
      const t = Math.max(0, Math.min(1, (now - began) / ms));
      this.shown = mixed(before, picture, t * t * (3 - 2 * t));
      this.draw();
      if (t < 1) this.moving = requestAnimationFrame(tick);
    };
    this.moving = requestAnimationFrame(tick);
  }

  // The way from noise to what the generator makes of it.
  bend(noise) {
    if (!this.picture || noise.grid.shape[1] !== 2) return;
    const scale = 0.36 * this.data.edge, spread = (z) => z.map((value) => value * scale);
    this.shown = { ...this.picture, grid: spread(noise.grid), fakes: spread(noise.fakes) };
    this.shown.grid.shape = this.picture.grid.shape;
    this.show(this.picture, this.loss, 1600);
  }

  // What the discriminator says at the pointer.
  point() {
    this.draw();
    if (!this.at || !this.picture) return this.say("");
    const side = this.picture.field.shape[0], [x, y] = this.at;
    const column = Math.round(x * (side - 1)), row = Math.round((1 - y) * (side - 1));
    const score = this.picture.field[row * side + column];
    const place = [x, 1 - y].map((v) => ((2 * v - 1) * this.data.edge).toFixed(2)).join(", ");
    const said = this.loss.endsWith("saturating")
      ? `D says ${(1 / (1 + Math.exp(-score))).toFixed(3)}` : `the score is ${score.toFixed(2)}`;
    this.say(`At (${place}) ${said}.`);
  }

  draw() {
    const { context, width } = sharp(this.canvas);
    context.clearRect(0, 0, width, width);
    if (!this.shown) return;
    const on = (name) => this.layers[name].checked, { edge } = this.data;
    const at = (points, i) => [(points[2 * i] / edge + 1) * (width / 2),
      (1 - points[2 * i + 1] / edge) * (width / 2)];
    if (on("opinion")) this.drawOpinion(context, width);
    if (on("data")) this.drawData(context, at, width);
    if (on("grid")) drawGrid(context, this.shown.grid, at);
    if (on("arrows")) drawArrows(context, this.shown, at, width);
    if (on("fakes")) drawDots(context, this.shown.fakes, at, width / 190, style("--warm"));
    if (this.at) {
      context.strokeStyle = style("--ink");
      context.lineWidth = 2;
      context.beginPath();
      context.arc(this.at[0] * width, this.at[1] * width, 8, 0, 7);
      context.stroke();
    }
  }

  drawOpinion(context, width) {
    const { field } = this.shown, side = this.picture.field.shape[0];
    const [paper, real, fake] = ["--paper", "--accent", "--warm"].map(rgb);
    const values = opinions(field, this.loss), picture = context.createImageData(side, side);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const value = values[(side - 1 - row) * side + column];  // the lattice counts from below
        const share = STRONGEST * Math.abs(value), colour = value > 0 ? real : fake;
        const mix = paper.map((part, i) => part + share * (colour[i] - part));
        picture.data.set([...mix, 255], 4 * (row * side + column));
      }
    }
    this.opinion.width = this.opinion.height = side;
    this.opinion.getContext("2d").putImageData(picture, 0, 0);
    context.imageSmoothingQuality = "high";
    // The outer points of the lattice lie on the edge of the picture.
    const spare = width / (side - 1) / 2;
    context.drawImage(this.opinion, -spare, -spare, width + 2 * spare, width + 2 * spare);
  }

  drawData(context, at, width) {
    const { centres, real, std, edge } = this.data;
    drawDots(context, real, at, width / 260, style("--accent"));
    if (centres.shape[0] > 30) return;
    context.strokeStyle = style("--ink");
    context.lineWidth = 1.2;
    for (let i = 0; i < centres.shape[0]; i++) {
      context.beginPath();
      context.arc(...at(centres, i), (3 * std * width) / (2 * edge), 0, 7);
      context.stroke();
    }
  }
}

// ---- layers ----

function drawDots(context, points, at, radius, colour) {
  context.fillStyle = colour;
  context.strokeStyle = style("--paper");
  context.lineWidth = 1;
  for (let i = 0; i < points.length / 2; i++) {
    context.beginPath();
    context.arc(...at(points, i), radius, 0, 7);
    context.fill();
    context.stroke();
  }
}

// Its cells are equally likely, so where they are small, fakes are many.
function drawGrid(context, grid, at) {
  const [rows, columns] = grid.shape;
  context.strokeStyle = style("--ink");
  context.globalAlpha = rows === 1 ? 0.8 : 0.4;
  context.lineWidth = rows === 1 ? 2 : 1;
  context.beginPath();
  const line = (indices) => indices.forEach((i, first) => {
    if (first) context.lineTo(...at(grid, i)); else context.moveTo(...at(grid, i));
  });
  const count = (n) => Array.from({ length: n }, (_, i) => i);
  for (const row of count(rows)) line(count(columns).map((column) => row * columns + column));
  if (rows > 1) {
    for (const column of count(columns)) line(count(rows).map((row) => row * columns + column));
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawArrows(context, { fakes, pulls }, at, width) {
  context.strokeStyle = style("--ink");
  context.lineWidth = Math.max(1, width / 600);
  context.lineCap = "round";
  context.beginPath();
  for (let i = 0; i < fakes.length / 2; i++) {
    const pull = Math.hypot(pulls[2 * i], pulls[2 * i + 1]);
    const length = (LONGEST * width * pull) / (pull + HALF);
    if (length < 1) continue;
    const [x, y] = at(fakes, i);
    const dx = pulls[2 * i] / pull, dy = -pulls[2 * i + 1] / pull, head = Math.min(7, length / 2);
    const tip = [x + length * dx, y + length * dy];
    context.moveTo(x, y);
    context.lineTo(...tip);
    for (const side of [0.5, -0.5]) {
      context.moveTo(...tip);
      context.lineTo(tip[0] - head * (dx + side * dy), tip[1] - head * (dy - side * dx));
    }
  }
  context.stroke();
}

// ---- parts ----

function mixed(before, after, t) {
  return Object.fromEntries(Object.entries(after).map(([name, values]) => {
    const between = values.map((value, i) => before[name][i] + t * (value - before[name][i]));
    between.shape = values.shape;
    return [name, between];
  }));
}

function rgb(name) {
  const hex = parseInt(style(name).trim().slice(1), 16);
  return [hex >> 16, (hex >> 8) & 255, hex & 255];
}
