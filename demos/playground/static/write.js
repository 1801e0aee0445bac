// The room Write: the GPT goes on with a text, and shows what its heads look at.
import { ask, choice, element, latest, sharp, shown, slider, sources, style, unpack }
  from "./common.js";

const LONGEST = 2000;  // characters, as the server takes them
const ALL = 40;        // of the slider for top-k: no limit

export async function start(section) {
  const find = (selector) => section.querySelector(selector);
  const text = find("textarea");
  const about = await ask("write", "about");
  text.value = about.text;
  find("#write-facts").textContent = `${about.layers} layers of ${about.heads} heads, `
    + `${about.tokens} different characters, a context of ${about.context}`;

  // ---- what comes next, and what it costs ----
  let next = null, running = false, work = null;
  const cached = find("#write-cached"), canvas = find("canvas.work");
  const temperature = slider("Temperature", { min: 0, max: 2, step: 0.05, value: 0.8,
    show: (value) => value.toFixed(2) }, () => askNow());
  const topK = slider("Top-k", { min: 1, max: ALL, step: 1, value: ALL,
    show: (value) => (value === ALL ? "all" : String(value)) }, () => askNow());
  const topP = slider("Top-p", { min: 0.05, max: 1, step: 0.05, value: 1,
    show: (value) => (value === 1 ? "all" : value.toFixed(2)) }, () => askNow());
  find(".sliders").append(temperature, topK, topP);
  const request = () => ({ prompt: text.value.slice(-LONGEST), temperature: temperature.value,
    top_k: topK.value === ALL ? null : topK.value, top_p: topP.value === 1 ? null : topP.value,
    cached: cached.checked, seed: Math.floor(2 ** 31 * Math.random()) });
  const bars = Array.from({ length: 20 }, () => new Bar());
  find(".bars").append(...bars.map(({ place }) => place));

  const show = (answer, asked) => {
    next = { ...answer, prompt: asked.prompt };
    bars.forEach((bar, i) => bar.show(answer.tokens[i], answer.p[i], answer.left[i],
      Math.max(...answer.p, ...answer.left)));
    if (answer.computed) work = answer;  // moving a slider costs nothing
    drawWork(canvas, work, about);
    find(".told").textContent = `${work.computed} of ${work.seen} positions computed, `
      + `${work.seen - work.computed} found in the cache: ${work.milliseconds.toFixed(1)} ms.`;
  };
  const send = latest("write", "go_on", show);
  const askNow = () => { if (!running) send(request()); };
  cached.addEventListener("change", askNow);
  new ResizeObserver(() => { if (work) drawWork(canvas, work, about); }).observe(canvas);

  // ---- writing ----
  const add = shown(async () => {
    if (!next || next.prompt !== text.value.slice(-LONGEST)) {
      const asked = request();
      show(await ask("write", "go_on", asked), asked);
    }
    bars.forEach((bar) => bar.mark(next.sampled));
    text.value += next.sampled;
    text.scrollTop = text.scrollHeight;
    const asked = request();
    show(await ask("write", "go_on", asked), asked);
    lookNow();
    return true;
  });
  const run = find("#write-run");
  const rest = () => { running = false; run.textContent = "Go on"; };
  run.addEventListener("click", async () => {
    if (running) { rest(); return; }
    running = true;
    run.textContent = "Stop";
    while (running && await add()) {
      await new Promise((resolve) => { setTimeout(resolve, 40); });
    }
    rest();
  });
  find("#write-one").addEventListener("click", () => { rest(); add(); });
  find("#write-back").addEventListener("click", () => {
    rest();
    text.value = [...text.value].slice(0, -1).join("");
    typed();
  });
  const typed = () => { rest(); if (text.value) { askNow(); lookNow(); } };
  text.addEventListener("input", typed);

  // ---- what the heads look at ----
  let at = null;  // null: the last position
  const mask = choice("Each position sees", { decoder: "what came before (decoder)",
    encoder: "everything (encoder)" }, "decoder", () => lookNow());
  find(".mask").append(mask);
  const look = latest("write", "look", (answer, asked) => {
    const characters = [...asked.prompt].slice(-about.context);
    showContext(find(".context"), characters, asked.at, (chosen) => { at = chosen; lookNow(); });
    showHeads(find(".heads"), unpack(answer.weights), characters, asked.at);
  });
  const lookNow = () => {
    const count = Math.min([...text.value].length, about.context);
    if (!count) return;
    const chosen = running || at === null || at >= count ? count - 1 : at;
    look({ prompt: text.value.slice(-LONGEST), at: chosen, masked: mask.value === "decoder" });
  };

  section.append(sources("models/gpt.py", "tinygen/ops/attention.py", "tinygen/nn/attention.py"));
  askNow();
  lookNow();
  return { hide: rest };
}

// ---- bars ----

class Bar {
  constructor() {
    this.token = element("code");
    this.all = element("i", { class: "all" });
    this.left = element("i", { class: "left" });
    this.number = element("output");
    this.place = element("div", { class: "bar" }, this.token,
      element("span", {}, this.all, this.left), this.number);
  }

  show(token, p, left, largest) {
    this.place.hidden = token === undefined;
    if (token === undefined) return;
    this.name = token;
    this.token.textContent = visible(token);
    this.all.style.width = `${100 * p / largest}%`;
    this.left.style.width = `${100 * left / largest}%`;
    this.left.hidden = !left;
    this.number.textContent = `${(100 * left).toFixed(1)} %`;
  }

  mark(drawn) {
    this.place.classList.toggle("drawn", this.name === drawn);
  }
}

const visible = (character) => ({ " ": "␣", "\n": "↵", "\t": "⇥" })[character] ?? character;

// ---- the work of a token: a column for each position, a row for each layer ----

function drawWork(canvas, { computed, seen }, { layers, context }) {
  const { context: pen, width, height } = sharp(canvas);
  const across = width / context, down = height / layers;
  for (let position = 0; position < context; position++) {
    for (let layer = 0; layer < layers; layer++) {
      pen.fillStyle = position >= seen ? style("--box")
        : style(position >= seen - computed ? "--accent" : "--line");
      pen.fillRect(position * across, layer * down, Math.max(1, across - 1), down - 2);
    }
  }
  canvas.setAttribute("aria-label", `${computed} of ${seen} positions computed in ${layers} layers`);
}

// ---- heads ----

function showContext(place, characters, at, choose) {
  const had = place.contains(document.activeElement);
  const buttons = characters.map((character, i) => element("button", {
    role: "radio", "aria-checked": String(i === at), tabindex: i === at ? 0 : -1,
    "aria-label": `position ${i + 1}, ${character === " " ? "space" : character}`,
    onclick: () => choose(i),
  }, visible(character)));
  place.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(characters.length - 1, at + step)));
  };
  place.replaceChildren(...buttons);
  if (had) buttons[at]?.focus();
}

function showHeads(place, weights, characters, at) {
  const [layers, heads, count] = weights.shape;
  const colour = style("--accent");
  place.replaceChildren(...Array.from({ length: layers * heads }, (_, i) => {
    const row = weights.subarray(i * count, (i + 1) * count), largest = Math.max(...row);
    const text = characters.map((character, s) => {
      const made = element("span", { class: s === at ? "looks" : "",
        title: `${(100 * row[s]).toFixed(1)} %` }, visible(character));
      made.style.background = `color-mix(in srgb, ${colour} `
        + `${Math.round(65 * row[s] / largest)}%, transparent)`;
      return made;
    });
    return element("div", { class: "head" }, element("h3", {},
      `layer ${Math.floor(i / heads) + 1}, head ${(i % heads) + 1}: at most `
      + `${(100 * largest).toFixed(0)} %`), element("p", {}, ...text));
  }));
}
