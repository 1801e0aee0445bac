// A pad to draw on, with mouse, pen, finger or keys.

import { element, ink, sharp, style } from "./common.js";

const SPARE = 0.004;  // share of the pad that the pen has to move before a point is added
const MOVE = 0.025;   // share of the pad that an arrow key moves the pen

// place: an element to fill. change(strokes) is called with all strokes, [[x, y, x, y ...] ...] from
// 0 to 1, whenever they have changed. pen() gives the pen's radius in pixels, of 28.
export class Pad {
  constructor(place, label, pen, change) {
    this.strokes = [];
    this.backdrop = null;  // a canvas shown in place of strokes
    this.pen = pen;
    this.change = change;
    this.at = [0.5, 0.5];  // of the keys
    this.drawing = this.keys = this.down = false;
    this.canvas = element("canvas", {
      class: "pad", tabindex: 0, role: "application",
      "aria-label": `${label}. With keys: arrows move the pen, space lowers and lifts it, ` +
        "Backspace takes back the last stroke, Delete clears.",
    });
    place.append(this.canvas);
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.drawing = true;
      this.keys = this.down = false;
      this.begin(this.place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.drawing) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) this.add(this.place(each));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => { this.drawing = false; });
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { this.keys = this.down = false; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect(), within = (x) => Math.max(0, Math.min(1, x));
    return [within((event.clientX - box.left) / box.width),
      within((event.clientY - box.top) / box.height)];
  }

  begin(point) {
    this.backdrop = null;
    if (this.strokes.length < 60) this.strokes.push([...point]);
    this.changed();
  }

  add([x, y]) {
    const stroke = this.strokes.at(-1), [x0, y0] = stroke.slice(-2);
    if (Math.hypot(x - x0, y - y0) < SPARE || stroke.length >= 2000) return;
    stroke.push(x, y);
    this.changed();
  }

  undo() {
    this.strokes.pop();
    this.backdrop = null;
    this.down = false;
    this.changed();
  }

  set(strokes) {
    this.strokes = strokes.map((stroke) => [...stroke]);
    this.backdrop = null;
    this.down = false;
    this.changed();
  }

  // Show a picture, a canvas, until the next stroke; `change` is not called.
  show(picture) {
    this.strokes = [];
    this.backdrop = picture;
    this.draw();
  }

  key(event) {
    const [dx, dy] = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    }[event.key] ?? [0, 0];
    if (dx || dy) {
      const within = (x) => Math.max(0, Math.min(1, x));
      this.at = [within(this.at[0] + MOVE * dx), within(this.at[1] + MOVE * dy)];
      if (this.down) this.add(this.at);
    } else if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.begin(this.at);
    } else if (event.key === "Backspace") this.undo();
    else if (event.key === "Delete") this.set([]);
    else return;
    event.preventDefault();
    this.keys = true;
    this.draw();
  }

  changed() {
    this.draw();
    this.change(this.strokes.filter((stroke) => stroke.length));
  }

  draw() {
    const { context, width, height } = sharp(this.canvas);
    context.clearRect(0, 0, width, height);
    if (this.backdrop) {
      context.imageSmoothingEnabled = false;
      context.drawImage(this.backdrop, 0, 0, width, height);
    }
    context.lineWidth = (2 * this.pen() * width) / 28;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = context.fillStyle = style("--ink");
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0] * width, stroke[1] * height);
      for (let i = 0; i < stroke.length; i += 2) {  // from the start, so that a dot shows as well
        context.lineTo(stroke[i] * width, stroke[i + 1] * height);
      }
      context.stroke();
    }
    if (this.keys) {
      context.beginPath();
      context.arc(this.at[0] * width, this.at[1] * height, 9, 0, 7);
      context.lineWidth = 3;
      context.strokeStyle = style(this.down ? "--accent" : "--warm");
      context.stroke();
    }
  }
}

// A smooth line through a few points, [x, y, x, y ...]: a Catmull-Rom spline, ten points for each.
export function smooth(points, parts = 10) {
  const last = points.length / 2 - 1, line = [];
  const at = (i, axis) => points[2 * Math.max(0, Math.min(last, i)) + axis];
  for (let i = 0; i < last; i++) {
    for (let part = 0; part < parts; part++) {
      const t = part / parts;
      for (const axis of [0, 1]) {
        const [a, b, c, d] = [i - 1, i, i + 1, i + 2].map((j) => at(j, axis));
        line.push(b + (t / 2) * (c - a + t * (2 * a - 5 * b + 4 * c - d
          + t * (3 * b - a - 3 * c + d))));
      }
    }
  }
  return [...line, at(last, 0), at(last, 1)];
}

// Ink and paper as the pad has them, dark or light.
export function inPaperColours() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return dark ? (value) => [value, value, value] : ink;
}
