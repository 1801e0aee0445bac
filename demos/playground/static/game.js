// Game: the page asks for steps again and again, and shows what they have made of the players.

import { ask, choice, element, latest, say, shown, sources, unpack } from "./common.js";
import { Chart, shortly } from "./game_charts.js";
import { startDigits } from "./game_digits.js";
import { Plane } from "./game_plane.js";
import { startRules } from "./game_rules.js";
import { Pad, smooth } from "./pad.js";

const SPEEDS = {  // most: steps in a request. wait: ms from one to the next. ms: of the way there
  slow: { most: 1, wait: 1300, ms: 700 }, steady: { most: 2, wait: 60, ms: 0 },
  fast: { most: 100, wait: 0, ms: 0 } };
const LAYERS = { opinion: "D’s opinion", data: "Data", fakes: "Fakes", grid: "Grid of noise",
  arrows: "Arrows" };
const RECIPES = {
  "Balanced": "The demo’s settings: one step each, equal rates.",
  "Collapse it": "Five steps of G to one of D: against a D that stands still, the best for G is " +
    "one point.",
  "Cure: packing": "Still five to one, but D judges pairs, and pairs that are alike give " +
    "themselves away.",
  "Cure: critic and penalty": "WGAN-GP, and D takes five steps before each of G: a slope that " +
    "leads everywhere.",
  "No slope left": "The saturating loss, and D far ahead: where D is sure, the arrows vanish.",
  "No leash": "A critic without a penalty: its scores grow without bound, and all with them." };
const HEART = [smooth([0.5, 0.38, 0.38, 0.24, 0.22, 0.34, 0.28, 0.56, 0.5, 0.8]),
  smooth([0.5, 0.8, 0.72, 0.56, 0.78, 0.34, 0.62, 0.24, 0.5, 0.38])];

export async function start(section, models) {
  const $ = (selector) => section.querySelector(selector);
  const about = await ask("game", "about");
  let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches, visible = true;
  let going = false, over = false, steps = 0, noise = null, seed = 1, toy = "ring";

  // ---- controls ----

  const layers = {};
  for (const [name, text] of Object.entries(LAYERS)) {
    layers[name] = element("input", { type: "checkbox", onchange: () => plane.draw() });
    layers[name].checked = true;
    const swatch = { data: "real", fakes: "fake" }[name];
    $(".layers").append(element("label", { class: "check" }, layers[name], element("span", {}, text,
      swatch ? element("i", { class: `swatch ${swatch}` }) : "")));
  }
  let told = "";  // what is said while nothing is pointed at
  const plane = new Plane($(".plane > canvas"), layers,
    (text) => { $("#game-plane .say").textContent = text || told; });
  const rules = startRules(section, about, (recipe) => {
    $(".recipe").textContent = RECIPES[recipe] ?? "";
    if (over) begin(); else if (!playing) look();
  });
  $(".recipe").textContent = RECIPES.Balanced;
  const speed = choice("Speed", { slow: "slow motion", steady: "steady", fast: "fast" }, "steady",
    () => {});
  $("#game-speed").append(speed);

  // ---- data ----

  const drawn = latest("game", "play_on", (answer) => { takeData(answer); take(answer); });
  const pad = new Pad($(".plane"), "Draw the data", () => 0.35,
    (found) => { if (found.length) drawn({ toy, strokes: found }); });
  pad.canvas.hidden = true;
  const strokes = () => (toy === "drawn" ? pad.strokes : []);
  $("#game-undo").addEventListener("click", () => pad.undo());
  $("#game-clear").addEventListener("click", () => pad.set([]));
  $("#game-data").append(choice("Data", { ring: "ring of 8", grid: "grid of 25",
    drawn: "draw it" }, toy, (name) => {
    toy = name;
    pad.canvas.hidden = $(".drawing").hidden = toy !== "drawn";
    if (toy === "drawn" && !pad.strokes.length) pad.strokes = HEART.map((each) => [...each]);
    pad.draw();
    if (about.batch[toy]) rules.set({ batch: about.batch[toy] });
    begin();
  }));

  // ---- charts ----

  let floor = 0, total = 8;
  const quality = [
    new Chart("Modes covered", [{ name: "modes", label: "modes", colour: "--accent" }],
      { low: 0, high: () => 1.1 * total, goal: () => [total, `all ${total}`] }),
    new Chart("Share", [{ name: "quality", label: "share", colour: "--accent" }],
      { low: 0, high: () => 1 }),
    new Chart("Jensen-Shannon divergence, bits",
      [{ name: "divergence", label: "JS", colour: "--accent" }],
      { low: 0, high: () => 1, goal: () => [floor, "data"] })];
  const pair = (d, g, names) => [{ name: d, label: names[0], colour: "--accent" },
    { name: g, label: names[1], colour: "--warm" }];
  const ofD = new Chart("What D says", pair("d_real", "d_fake", ["D(x)", "D(G(z))"]));
  const flight = [ofD, new Chart("Losses", pair("d_loss", "g_loss", ["of D", "of G"])),
    new Chart("Gradient norms", pair("d_grad", "g_grad", ["of D", "of G"]), { log: true })];
  $("#game-quality").append(...quality.map((chart) => chart.figure));
  $("#game-flight .charts").append(...flight.map((chart) => chart.figure));

  // ---- what comes back ----

  function takeData({ edge, centres, std, real, floor: found }) {
    plane.data = { edge, std, centres: unpack(centres), real: unpack(real) };
    total = plane.data.centres.shape[0];
    floor = found;
    quality[0].title = toy === "drawn" ? "Points of the drawing covered" : "Modes covered";
    quality[1].title = `Share within 3 deviations of a ${toy === "drawn" ? "point" : "mode"}`;
  }

  function take(answer, ms = 0) {
    const log = each(answer.log), { discriminator: d, generator: g } = answer.steps;
    const probabilities = rules.values.loss.endsWith("saturating");
    if (rules.settling.checked && d + g > steps) rules.settle(0.5 ** ((d + g - steps) / 1000));
    steps = d + g;
    noise = each(answer.noise);
    over = answer.over;
    if (over) {
      pause();
      say(answer.said);
      told = answer.said;
    } else {
      const picture = each(answer.picture);
      plane.show(picture, rules.values.loss, ms);
      told = caption(answer.last, picture, plane.data.edge, ms);
    }
    plane.point();
    $(".said").textContent = answer.said;
    $("#game-flow small").textContent = `step ${d.toLocaleString("en")} of D, ` +
      `${g.toLocaleString("en")} of G`;
    $("#game-flow svg").setAttribute("class", answer.last ?? "");
    $(".value.real").textContent = log.d_real ? shortly(log.d_real.at(-1)) : "–";
    $(".value.fake").textContent = log.d_fake ? shortly(log.d_fake.at(-1)) : "–";
    [ofD.low, ofD.high] = probabilities ? [0, () => 1] : [undefined, undefined];
    ofD.goal = () => (probabilities ? [0.5, "1/2"] : null);
    for (const chart of [...quality, ...flight]) chart.show(log, steps);
  }

  // ---- one request after the other ----

  let last = Promise.resolve();
  const queue = (act) => {  // -> whether it went well
    last = last.then(shown(async () => { await act(); return true; }));
    return last;
  };

  const begin = () => queue(async () => {
    const found = strokes();
    if (toy === "drawn" && !found.length) throw new Error("Draw some points first.");
    const answer = await ask("game", "begin", { toy, strokes: found, seed, ...rules.values });
    steps = 0;
    takeData(answer);
    take(answer);
    if (playing) go();
  });

  const move = (request, values, ms) => queue(async () => {
    const answer = await ask("game", request, { ...values, ...rules.values });
    const made = answer.steps.discriminator + answer.steps.generator;
    if (made < steps) begin();  // the server has forgotten this game
    else take(answer, ms);
  });
  const look = () => move("play", { most: 0 }, 0);

  async function go() {
    if (going) return;
    going = true;
    while (playing && visible && !over) {
      const { most, wait, ms } = SPEEDS[speed.value], asked = performance.now();
      if (!await move("play", { most }, ms)) pause();
      await new Promise(requestAnimationFrame);
      while (playing && performance.now() - asked < Math.min(wait, SPEEDS[speed.value].wait)) {
        await new Promise((resolve) => { setTimeout(resolve, 15); });
      }
    }
    going = false;
  }

  function pause() {
    playing = false;
    $("#game-play").textContent = "Play";
  }

  function play() {
    playing = true;
    $("#game-play").textContent = "Pause";
    if (over) begin(); else go();
  }

  $("#game-play").addEventListener("click", () => (playing ? pause() : play()));
  for (const [id, player] of [["d", "discriminator"], ["g", "generator"]]) {
    $(`#game-${id}-step`).addEventListener("click", () => {
      pause();
      move("step", { player }, 500);
    });
  }
  $("#game-anew").addEventListener("click", () => { seed += 1; begin(); });
  $("#game-bend").addEventListener("click", () => { pause(); plane.bend(noise); });

  models.when("gan_digits", $("#game-digits .progress"), () => startDigits(section));
  section.append(sources("models/gan.py", "demos/gans/parts/steps.py", "demos/gans/parts/flight.py",
    "demos/gans/parts/modes.py", "demos/playground/rooms/game_players.py"));
  await begin();
  if (playing) play();
  return {
    show() { visible = true; plane.draw(); if (playing) go(); },
    hide() { visible = false; },
  };
}

// What has just happened, in a sentence or two.
function caption(last, { fakes, pulls }, edge, ms) {
  const sizes = Array.from({ length: pulls.length / 2 },
    (_, i) => Math.hypot(pulls[2 * i], pulls[2 * i + 1])).sort((a, b) => a - b);
  const outside = sizes.filter((_, i) => Math.max(Math.abs(fakes[2 * i]),
    Math.abs(fakes[2 * i + 1])) > edge).length;
  const numbers = `The median arrow is ${shortly(sizes[sizes.length >> 1])} long.` +
    (outside > 0.1 * sizes.length ? ` Of ${sizes.length} fakes ${outside} lie outside.` : "");
  if (ms && last === "discriminator") {
    return `The discriminator has moved: its opinion, and with it every arrow. ${numbers}`;
  }
  if (ms && last === "generator") {
    return "The generator has moved: its fakes along their arrows, as far as one network for all " +
      `of them can. ${numbers}`;
  }
  return "Blue where the discriminator says real, orange where fake; arrows pull the fakes. " +
    numbers;
}

const each = (packed) => Object.fromEntries(
  Object.entries(packed).map(([name, array]) => [name, unpack(array)]));
