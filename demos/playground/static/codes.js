// Code space: a plane under the pointer, a slider for each latent, the way between two drawings.

import {
  ask, element, latest, paint, PALETTE, ring, sharp, shown, slider, sources, style, unpack,
} from "./common.js";
import { inPaperColours, Pad, smooth } from "./pad.js";

const SIDE = 28, PEN = 1.2, STEP = 0.1;
const CIRCLES = [0.5, 0.9, 0.99];  // shares of the prior
const SEVEN = [[0.28, 0.2, 0.72, 0.2, 0.6, 0.45, 0.46, 0.85]];
const THREE = [smooth([0.3, 0.22, 0.5, 0.14, 0.67, 0.24, 0.64, 0.4, 0.46, 0.47]),
  smooth([0.46, 0.47, 0.66, 0.54, 0.7, 0.7, 0.52, 0.86, 0.28, 0.78])];

export async function start(section) {
  const [plane, latents] = await Promise.all([ask("codes", "plane"), ask("codes", "latents")]);
  const over = startPlane(section, plane);
  const setCode = startSliders(section, latents);
  const pads = startWay(section, setCode);
  section.append(sources("models/vae.py", "demos/vaes/vae_manifold.py", "demos/vaes/vae.py",
    "demos/playground/rooms/codes.py"));
  return { show() { over(); pads.forEach((pad) => pad.draw()); } };
}

// ---- the plane -> a function that draws what lies over it ----

function startPlane(section, { edge, side, sheet, means, classes }) {
  const picture = section.querySelector(".picture"), over = section.querySelector(".over");
  const image = section.querySelector("#codes-here canvas");
  const note = section.querySelector("#codes-here .note");
  const points = section.querySelector("#codes-points");
  const codes = unpack(means);
  let z = [0, 0];
  paintSheet(picture, unpack(sheet), side);

  const ask = latest("codes", "point", (answer, asked) => {
    paint(image, unpack(answer.image), SIDE, SIDE);
    const [x, y] = asked.z, nearer = 1 - Math.exp(-(x * x + y * y) / 2);
    note.textContent = `z = (${x.toFixed(2)}, ${y.toFixed(2)}). ` +
      `${(100 * nearer).toFixed(nearer > 0.99 ? 1 : 0)} % of the prior is nearer to the middle.`;
    image.setAttribute("aria-label", `What the decoder draws at ${x.toFixed(2)}, ${y.toFixed(2)}`);
  });

  const move = (x, y) => {
    z = [x, y].map((value) => Math.max(-edge, Math.min(edge, value)));
    ask({ z });
    draw();
  };

  const draw = () => {
    const { context, width } = sharp(over), at = (value) => (value / edge + 1) * (width / 2);
    if (points.checked) {
      const names = [...new Set(classes)].sort((a, b) => a - b);
      classes.forEach((each, i) => {
        context.fillStyle = PALETTE[names.indexOf(each) % PALETTE.length];
        context.beginPath();
        context.arc(at(codes[2 * i]), at(-codes[2 * i + 1]), 2.6, 0, 7);
        context.fill();
      });
      context.setLineDash([6, 5]);
      context.lineWidth = 2;
      context.strokeStyle = style("--ink");
      for (const share of CIRCLES) {
        context.beginPath();
        context.arc(at(0), at(0), Math.sqrt(-2 * Math.log(1 - share)) * width / (2 * edge), 0, 7);
        context.stroke();
      }
      context.setLineDash([]);
    }
    ring(context, at(z[0]), at(-z[1]), 12);
  };

  over.addEventListener("pointermove", (event) => {
    move((2 * event.offsetX / over.clientWidth - 1) * edge,
      (1 - 2 * event.offsetY / over.clientHeight) * edge);
  });
  over.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
      ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (!dx && !dy) return;
    event.preventDefault();
    move(z[0] + STEP * dx, z[1] + STEP * dy);
  });
  points.addEventListener("change", draw);
  new ResizeObserver(draw).observe(over);
  move(0, 0);
  return draw;
}

// side x side images, row by row, as one picture.
function paintSheet(canvas, images, side) {
  const width = side * SIDE, sheet = new Uint8Array(width * width);
  images.forEach((value, i) => {
    const tile = Math.floor(i / (SIDE * SIDE)), pixel = i % (SIDE * SIDE);
    const row = Math.floor(tile / side) * SIDE + Math.floor(pixel / SIDE);
    sheet[row * width + (tile % side) * SIDE + (pixel % SIDE)] = value;
  });
  paint(canvas, sheet, width, width);
}

// ---- the sliders -> a function that sets them all ----

function startSliders(section, { order, kl, edge }) {
  const made = section.querySelector("#codes-made canvas");
  const z = order.map(() => 0), ends = [], sliders = [];
  const decode = latest("codes", "decode", ({ images }) => {
    const values = unpack(images), picture = (i) => values.subarray(i * SIDE * SIDE);
    paint(made, picture(0), SIDE, SIDE);
    order.forEach((latent, i) => {
      ends[i].forEach((canvas, end) => {
        paint(canvas, picture(1 + 2 * latent + end), SIDE, SIDE);
      });
    });
  });
  const decodeNow = () => decode({ z: [...z] });

  section.querySelector("#codes-latents h2 span").textContent = `${order.length} latents`;
  order.forEach((latent, i) => {
    ends.push([0, 1].map(() => element("canvas", { class: "ink", width: SIDE, height: SIDE })));
    sliders.push(slider(`KL ${kl[i].toFixed(2)}`, { min: -edge, max: edge, step: 0.05, value: 0,
      show: (value) => value.toFixed(2) }, (value) => { z[latent] = value; decodeNow(); }));
    section.querySelector("#codes-sliders").append(
      element("div", { class: "latent" }, ends[i][0], sliders[i], ends[i][1]));
  });

  const set = (code) => {
    code.forEach((value, latent) => { z[latent] = value; });
    order.forEach((latent, i) => sliders[i].set(z[latent]));
    decodeNow();
  };
  section.querySelector("#codes-zero").addEventListener("click", () => set(z.map(() => 0)));
  section.querySelector("#codes-sample").addEventListener("click", shown(async () => {
    set((await ask("codes", "sample", { seed: Math.floor(2 ** 31 * Math.random()) })).z);
  }));
  decodeNow();
  return set;
}

// ---- the way -> its pads ----

function startWay(section, setCode) {
  const drawn = [null, null];  // base64, as it goes to the server
  let z = null;
  const boxes = {}, here = {};
  for (const [name, title] of [["codes", "half-way code"], ["pixels", "half-way fade"]]) {
    boxes[name] = Array.from({ length: 9 },
      () => element("canvas", { class: "ink", width: SIDE, height: SIDE }));
    section.querySelector(`#codes-way .images.${name}`).append(...boxes[name]);
    here[name] = element("canvas", { class: "ink", width: SIDE, height: SIDE, role: "img",
      "aria-label": title });
    section.querySelector("#codes-way .here").append(element("figure", {}, here[name],
      element("figcaption", {}, name === "codes" ? "by code" : "by pixels")));
  }
  const way = latest("codes", "way", (answer) => {
    z = answer.z;
    for (const name of ["codes", "pixels"]) {
      const values = unpack(answer[name]);
      boxes[name].forEach((canvas, i) => {
        paint(canvas, values.subarray(i * SIDE * SIDE), SIDE, SIDE);
      });
      paint(here[name], values.subarray(boxes[name].length * SIDE * SIDE), SIDE, SIDE);
    }
  });
  const go = () => {
    if (drawn.every(Boolean)) way({ first: drawn[0], second: drawn[1], t: t.value });
  };
  const t = slider("From the first to the second", { min: 0, max: 1, step: 0.01, value: 0.5,
    show: (value) => `${Math.round(100 * value)} %` }, go);
  section.querySelector("#codes-t").append(t);
  section.querySelector("#codes-take").addEventListener("click", () => { if (z) setCode(z); });

  const places = section.querySelectorAll("#codes-way .end");
  return [[SEVEN, "the first digit"], [THREE, "the second digit"]].map(([strokes, name], i) => {
    const trace = latest("codes", "trace", (answer) => { drawn[i] = answer.pixels.data; go(); });
    const pad = new Pad(places[i], `Draw ${name}`, () => PEN,
      (drawing) => trace({ strokes: drawing, pen: PEN, centred: true }));
    const example = shown(async () => {
      const answer = await ask("codes", "example", { index: Math.floor(1e6 * Math.random()) });
      const picture = element("canvas");
      paint(picture, unpack(answer.pixels), SIDE, SIDE, inPaperColours());
      pad.show(picture);
      drawn[i] = answer.pixels.data;
      go();
    });
    places[i].append(element("div", { class: "buttons" },
      element("button", { onclick: () => pad.set([]) }, "Clear"),
      element("button", { onclick: example }, "A test image")));
    pad.set(strokes);
    return pad;
  });
}
