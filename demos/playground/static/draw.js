// Draw: strokes become an image on the server, and with that image everything else is asked for.

import {
  ask, element, latest, paint, PALETTE, ring, sharp, shown, signed, slider, sources, style, unpack,
} from "./common.js";
import { inPaperColours, Pad, smooth } from "./pad.js";

const SIDE = 28;
const FIRST = [smooth([0.3, 0.32, 0.36, 0.2, 0.5, 0.15, 0.64, 0.22, 0.66, 0.36, 0.56, 0.53, 0.42,
  0.68, 0.28, 0.82]), [0.28, 0.82, 0.74, 0.81]];

export async function start(section, models) {
  const $ = (selector) => section.querySelector(selector);
  const about = await ask("draw", "about");
  const middle = unpack(about.middle), spread = unpack(about.spread);
  let pixels = null;  // base64, as it goes to the server
  let of = null;      // the number of the code that the heat map explains, or the cost
  let seed = 1;

  // ---- drawing ----

  const pen = slider("Pen", { min: 0.6, max: 2.6, step: 0.1, value: 1.2,
    show: (radius) => `${(2 * radius).toFixed(1)} pixels wide` }, () => { pad.draw(); traced(); });
  $("#draw-pen").append(pen);
  const pad = new Pad($("#draw-pad"), "Draw a digit here", () => pen.value, () => traced());
  const trace = latest("draw", "trace", (answer) => see(answer.pixels));
  const centred = $("#draw-centred");
  const traced = () => {
    if (pad.backdrop) return;
    trace({ strokes: pad.strokes, pen: pen.value, centred: centred.checked });
  };
  centred.addEventListener("change", traced);
  $("#draw-undo").addEventListener("click", () => pad.undo());
  $("#draw-clear").addEventListener("click", () => pad.set([]));
  $("#draw-example").addEventListener("click", shown(async () => {
    const answer = await ask("draw", "example", { index: Math.floor(1e6 * Math.random()) });
    const picture = element("canvas");
    paint(picture, unpack(answer.pixels), SIDE, SIDE, inPaperColours());
    pad.show(picture);
    see(answer.pixels);
  }));

  // ---- what is asked with the image ----

  function see(answer) {
    pixels = answer.data;
    paint(seen.canvas, unpack(answer), SIDE, SIDE);
    look({ pixels });
    similar({ pixels });
    heat({ pixels, of });
    if (noise) denoise({ pixels, noise: noise.value, seed });
  }

  const look = latest("draw", "look", (answer) => {
    fill(rebuilt, answer);
    unpack(answer.code).forEach((value, i) => bars[i].show((value - middle[i]) / spread[i]));
    posterior = { mean: unpack(answer.mean), deviation: unpack(answer.deviation) };
    drawMap();
  });

  const similar = latest("draw", "similar", (answer) => {
    for (const [name, { images, classes }] of Object.entries(answer)) {
      fill(near[name], { images, captions: classes });
    }
  });

  const heat = latest("draw", "heat", ({ gradient, value }, asked) => {
    const slopes = unpack(gradient), largest = Math.max(...slopes.map(Math.abs));
    const drawn = Uint8Array.from(atob(asked.pixels), (character) => character.charCodeAt(0));
    const colour = signed(largest);
    paint($("#draw-heat canvas"), slopes.map((_, i) => i), SIDE, SIDE, (i) => {
      const shade = 1 - 0.35 * (drawn[i] / 255);  // the drawing shows through
      return colour(slopes[i]).map((part) => part * shade);
    });
    $("#draw-heat .of").textContent = asked.of === null
      ? `For −ELBO, the VAE’s cost of the image, ${value.toFixed(0)} nats:`
      : `For number ${asked.of + 1} of the code, ${value.toFixed(2)}:`;
  });

  // ---- rebuilt ----

  const seen = imageBox("seen");
  const rebuilt = ["autoencoder", "PCA", "VAE"].map(imageBox);
  $("#draw-rebuilt .images").append(seen.figure, ...rebuilt.map((box) => box.figure));
  const ofVAE = about.latents === middle.length ? "" : `, ${about.latents} of the VAE`;
  $("#draw-sizes").textContent = `from ${middle.length} numbers each${ofVAE}`;

  // ---- the code ----

  const bars = [...middle].map((_, i) => barButton(i + 1, () => explain(i)));
  $("#draw-code .bars").append(...bars.map((bar) => bar.button));
  $("#draw-code .bars").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = bars.findIndex((bar) => bar.button === document.activeElement);
    if (step && at >= 0) bars[(at + step + bars.length) % bars.length].button.focus();
  });
  const explain = (i) => {
    of = of === i ? null : i;
    bars.forEach((bar, at) => bar.button.setAttribute("aria-checked", at === of));
    if (pixels) heat({ pixels, of });
  };

  // ---- the map ----

  const means = unpack(about.means), edge = 1.08 * largestOf(means);
  const map = $("#draw-map canvas");
  let points = null;     // the canvas of test images, made once for each size
  let posterior = null;  // where the drawing lies

  function drawMap() {
    const { context, width } = sharp(map), at = (z) => (z / edge + 1) * (width / 2);
    if (!posterior || !width) return;  // another tab may be shown when the answer comes
    const { mean, deviation } = posterior;
    if (points?.width !== map.width) points = pointsOf(map.width, width, at);
    context.drawImage(points, 0, 0, width, width);
    const [x, y] = [...mean].map((z) => Math.max(-edge, Math.min(edge, z)));
    const [across, down] = [...deviation].map((size) => Math.max(8, (size * width) / edge));
    ring(context, at(x), at(-y), across, down);
    map.setAttribute("aria-label",
      `The drawing lies at ${mean[0].toFixed(1)}, ${mean[1].toFixed(1)} of the map`);
  }

  new ResizeObserver(drawMap).observe(map);

  function pointsOf(size, width, at) {
    const canvas = element("canvas", { width: size, height: size });
    const context = canvas.getContext("2d");
    context.scale(size / width, size / width);
    const classes = [...new Set(about.classes)].sort((a, b) => a - b);
    const colour = (each) => PALETTE[classes.indexOf(each) % PALETTE.length];
    about.classes.forEach((each, i) => {
      context.fillStyle = colour(each);
      context.globalAlpha = 0.55;
      context.beginPath();
      context.arc(at(means[2 * i]), at(-means[2 * i + 1]), 2.2, 0, 7);
      context.fill();
    });
    context.globalAlpha = 1;
    context.font = `700 ${Math.max(15, width / 20)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 5;
    context.strokeStyle = style("--paper");
    for (const each of classes.length > 1 ? classes : []) {
      const own = about.classes.flatMap((other, i) => (other === each ? [i] : []));
      const x = at(median(own.map((i) => means[2 * i])));
      const y = at(-median(own.map((i) => means[2 * i + 1])));
      context.strokeText(each, x, y);
      context.fillStyle = style("--ink");
      context.fillText(each, x, y);
    }
    return canvas;
  }

  // ---- neighbours ----

  const near = {};
  for (const [name, title] of [["code", "by code"], ["pixels", "by pixels"]]) {
    near[name] = Array.from({ length: 6 }, () => imageBox(""));
    $("#draw-similar > div").append(element("p", { class: "note" }, title),
      element("div", { class: "images" }, ...near[name].map((box) => box.figure)));
  }

  // ---- noise ----

  let noise = null;
  const noisy = ["noisy", "denoised", "best blur"].map(imageBox);
  const denoise = latest("draw", "denoise", (answer) => {
    fill(noisy, answer);
    $("#draw-noise h2 small").textContent = `the denoiser was trained at ${answer.trained}`;
  });
  models.when("denoise", $("#draw-noise .progress"), () => {
    $("#draw-noise .body").hidden = false;
    const again = () => { if (pixels) denoise({ pixels, noise: noise.value, seed }); };
    noise = slider("Noise", { min: 0, max: 1, step: 0.05, value: 0.5,
      show: (std) => `standard deviation ${std.toFixed(2)}` }, again);
    $("#draw-noise-slider").append(noise);
    $("#draw-noise .images").append(...noisy.map((box) => box.figure));
    $("#draw-new-noise").addEventListener("click", () => { seed += 1; again(); });
    again();
  });

  section.append(sources("models/autoencoder.py", "models/vae.py", "demos/tools/codes.py",
    "demos/tools/nearest.py", "demos/playground/rooms/draw.py"));
  pad.set(FIRST);  // so that there is something to see
  return { show() { pad.draw(); } };
}

// ---- parts ----

// A picture with a caption: a name in bold and a number after it.
function imageBox(name) {
  const canvas = element("canvas", { class: "ink", width: SIDE, height: SIDE, role: "img" });
  const number = element("span");
  const caption = element("figcaption", {}, element("b", {}, name), " ", number);
  return { canvas, number, name, figure: element("figure", {}, canvas, caption) };
}

// Pictures (count, ..., 28, 28) and a number for each into boxes.
function fill(boxes, { images, errors, captions }) {
  const values = unpack(images);
  boxes.forEach((box, i) => {
    box.figure.hidden = i >= values.shape[0];
    if (box.figure.hidden) return;
    paint(box.canvas, values.subarray(i * SIDE * SIDE), SIDE, SIDE);
    box.number.textContent = errors ? errors[i].toFixed(4) : captions[i];
    box.canvas.setAttribute("aria-label", `${box.name} ${box.number.textContent}`);
  });
}

// A number of the code: show(value) in standard deviations, of which three go up and down.
function barButton(number, choose) {
  const bar = element("i");
  const button = element("button", {
    class: "bar-button", role: "radio", "aria-checked": false, onclick: choose,
  }, bar);
  const show = (value) => {
    const share = 50 * Math.min(1, Math.abs(value) / 3);
    bar.style.height = `${share}%`;
    bar.style.top = `${value > 0 ? 50 - share : 50}%`;
    button.setAttribute("aria-label", `number ${number}: ${value.toFixed(1)} deviations`);
    button.title = `number ${number}: ${value.toFixed(1)}`;
  };
  show(0);
  return { button, show };
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function largestOf(values) {
  const sorted = [...values].map(Math.abs).sort((a, b) => a - b);
  return sorted[Math.floor(0.997 * (sorted.length - 1))];
}
