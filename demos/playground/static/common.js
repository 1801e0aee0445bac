// What all rooms use: asking the server, numbers as pictures, controls.

const visitor = `tab-${Math.random().toString(36).slice(2)}-${Date.now()}`;

// ---- asking ----

let asked = 0;  // requests on their way; <body data-asking> as long as there are any

// The answer to a room's request; throws an Error with the server's sentence.
export async function ask(room, request, values = {}) {
  document.body.toggleAttribute("data-asking", ++asked > 0);
  try {
    return await answerTo(room, request, values);
  } finally {
    document.body.toggleAttribute("data-asking", --asked > 0);
  }
}

async function answerTo(room, request, values) {
  let answer;
  try {
    answer = await fetch(`/${room}/${request}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Visitor": visitor },
      body: JSON.stringify(values),
    });
  } catch {
    throw new Error("The server does not answer; was it stopped?");
  }
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

// A function that asks for what changes faster than the answers come: while one request is on its
// way only the latest values wait, and those between are never sent.
export function latest(room, request, show) {
  let waiting = null, busy = false;
  return async function send(values) {
    waiting = values;
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const asked = waiting;
        waiting = null;
        show(await ask(room, request, asked), asked);
        say("");
      }
    } catch (error) {
      say(error.message);
    } finally {
      busy = false;
    }
  };
}

// An async function whose errors are shown on the page.
export function shown(action) {
  return async (...values) => {
    try {
      const result = await action(...values);
      say("");
      return result;
    } catch (error) {
      say(error.message);
    }
  };
}

// One sentence at the foot of the page; "" takes it away.
export function say(sentence) {
  const message = document.getElementById("message");
  message.textContent = sentence;
  message.hidden = !sentence;
}

// ---- arrays ----

const KINDS = { uint8: Uint8Array, float32: Float32Array };

// What fields.as_bytes and as_numbers packed: a typed array with a shape.
export function unpack({ type, shape, data }) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const values = new KINDS[type](bytes.buffer);
  values.shape = shape;
  return values;
}

// ---- pictures ----

// Each pixel of a canvas from colour(value) -> [red, green, blue]; values are (height, width).
export function paint(canvas, values, width, height, colour = ink) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), picture = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = colour(values[i]);
    picture.data.set([red, green, blue, 255], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}

// Bytes as ink on paper.
export const ink = (value) => [255 - value, 255 - value, 255 - value];

// Numbers from -largest to largest as orange, paper, blue: colours that everyone can tell apart.
export function signed(largest) {
  const scale = 1 / (largest || 1);
  return (value) => {
    const t = Math.max(-1, Math.min(1, value * scale)), s = Math.abs(t);
    const [red, green, blue] = t < 0 ? [213, 94, 0] : [0, 114, 178];
    return [255 - s * (255 - red), 255 - s * (255 - green), 255 - s * (255 - blue)];
  };
}

// Okabe and Ito's colours, for classes; the demos' figures have the same.
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195",
  "#9C8B00", "#444444", "#A6A6A6"];

// A canvas made sharp for this screen: its context, in units of CSS pixels, and its size in them.
export function sharp(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

// A ring that stands out from whatever lies under it.
export function ring(context, x, y, across, down = across) {
  for (const [width, colour] of [[8, "--paper"], [4, "--warm"]]) {
    context.beginPath();
    context.ellipse(x, y, across, down, 0, 0, 7);
    context.lineWidth = width;
    context.strokeStyle = style(colour);
    context.stroke();
  }
}

// A colour of style.css, such as style("--accent").
export const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

// ---- elements and controls ----

// element("button", { class: "quiet", onclick: act }, "Clear")
export function element(tag, settings = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// A labelled slider. show(value) -> the text beside it. Has .value, and .set(value).
export function slider(label, { min, max, step, value, show = String }, act) {
  const input = element("input", { type: "range", min, max, step, value });
  const text = element("output", {}, show(Number(input.value)));
  // The input comes before the output: a label belongs to the first of them.
  const made = element("label", { class: "slider" }, element("span", {}, label), input, text);
  const update = () => { text.textContent = show(made.value); };
  Object.defineProperty(made, "value", { get: () => Number(input.value) });
  made.set = (next) => { input.value = next; update(); };
  input.addEventListener("input", () => { update(); act(made.value); });
  return made;
}

// A row of options of which one is chosen: options are value -> text. Has .value.
export function choice(label, options, value, act) {
  const group = `choice-${Math.random().toString(36).slice(2)}`;
  const made = element("fieldset", { class: "choice" }, element("legend", {}, label));
  for (const [name, text] of Object.entries(options)) {
    const input = element("input", { type: "radio", name: group, value: name });
    input.checked = name === value;
    input.addEventListener("change", () => { made.value = name; act(name); });
    made.append(element("label", {}, input, element("span", {}, text)));
  }
  made.value = value;
  return made;
}

// Files of the source that compute what a room shows.
export function sources(...files) {
  return element("p", { class: "sources" }, "Computed by ",
    ...files.flatMap((file, i) => [i ? ", " : "", element("code", {}, file)]));
}
