// The rules of the game as controls, and recipes that set them.

import { choice, element, slider } from "./common.js";

const LEAST_RATE = 1e-5;

// about: what the server offers. changed(recipe) is called whenever a rule has been changed.
// -> { values, set(some values), settle(factor of both rates), settling: a checkbox }
export function startRules(section, about, changed) {
  const $ = (selector) => section.querySelector(selector);
  const values = { ...about.rules }, controls = {};
  const act = (name, value) => { values[name] = value; pressed(""); changed(""); };

  // A slider whose positions stand for values: to(position) -> value, from(value) -> position.
  const add = (place, name, label, range, to = (v) => v, from = (v) => v, show = String) => {
    const made = slider(label, { ...range, value: from(values[name]),
      show: (position) => show(to(position)) }, (position) => act(name, to(position)));
    controls[name] = (value) => {
      made.set(from(value));
      made.querySelector("output").textContent = show(value);
    };
    controls[name](values[name]);
    $(place).append(made);
  };
  const addCheck = (place, name, label) => {
    const input = element("input", { type: "checkbox",
      onchange: () => act(name, input.checked) });
    controls[name] = (value) => { input.checked = value; };
    $(place).append(element("label", { class: "check" }, input, label));
  };
  const addChoice = (place, name, label, options) => {
    const made = choice(label, Object.fromEntries(options.map((each) => [each, each])),
      values[name], (value) => act(name, value));
    controls[name] = (value) => {
      made.value = value;
      for (const input of made.querySelectorAll("input")) input.checked = input.value === value;
    };
    $(place).append(made);
  };

  addChoice("#game-loss", "loss", "Loss", about.losses);
  for (const [player, few] of [["d", ".player.d"], ["g", ".player.g"]]) {
    add(few, `${player}_steps`, "Steps a round", { min: 0, max: 5, step: 1 });
    add(few, `${player}_rate`, "Rate", { min: -5, max: 0, step: 0.05 }, (v) => 10 ** v,
      (v) => Math.log10(Math.max(v, LEAST_RATE)), rate);
    add(few, `${player}_layers`, "Layers", { min: 1, max: 4, step: 1 });
    add(few, `${player}_units`, "Units a layer", { min: 1, max: 7, step: 1 }, (v) => 2 ** v,
      Math.log2);
  }
  add(".player.d", "pack", "Packing", { min: 1, max: 4, step: 1 });
  add(".player.d", "penalty", "Gradient penalty", { min: 0, max: 10, step: 0.5 });
  addCheck(".player.d", "spectral_norm", "Spectral norm");
  add(".player.g", "latents", "Numbers of noise", { min: 1, max: 2, step: 1 });
  add(".both", "batch", "Batch", { min: 3, max: 8, step: 1 }, (v) => 2 ** v, Math.log2);
  addChoice(".both", "optimizer", "By", about.optimizers);
  const settling = element("input", { type: "checkbox" });
  $(".both").after(element("label", { class: "check" }, settling,
    "Let them come to rest: halve both rates every 1,000 steps"));

  const set = (some) => {
    for (const [name, value] of Object.entries(some)) {
      values[name] = value;
      controls[name](value);
    }
  };

  const buttons = Object.entries(about.recipes).map(([name, recipe]) => element("button", {
    "aria-pressed": false, onclick: () => {
      set({ ...recipe, batch: values.batch });  // that belongs to the data
      settling.checked = false;
      pressed(name);
      changed(name);
    } }, name));
  $("#game-recipes").append(...buttons);
  const pressed = (name) => buttons.forEach((button) => {
    button.setAttribute("aria-pressed", button.textContent === name);
  });

  pressed("Balanced");

  const settle = (factor) => set({ d_rate: Math.max(LEAST_RATE, values.d_rate * factor),
    g_rate: Math.max(LEAST_RATE, values.g_rate * factor) });
  return { values, set, settle, settling };
}

const rate = (value) => (value < 0.001 ? value.toExponential(1) : Number(value.toPrecision(2)));
