// The page: a tab for each room, which opens when its models are ready.
//
// A room is NAME.html, what it consists of, NAME.css, and NAME.js, which exports
//     start(section, models)   called once, when the room opens; may return { show(), hide() },
//                              called whenever its tab is chosen or left
// models.when(name, place, act) calls act() once model `name` is ready; until then `place` says
// how far it is.

import { element, say } from "./common.js";

const tabs = document.getElementById("tabs"), main = document.getElementById("rooms");
const rooms = new Map();  // name -> { tab, section, needs, opened, room }
let progress = {}, waiting = [], chosen = null;

const models = {
  when(name, place, act) {
    waiting.push({ name, place, act });
    tell();
  },
};

async function poll() {
  let status;
  try {
    status = await (await fetch("/status")).json();
  } catch {
    say("The server does not answer; was it stopped?");
    setTimeout(poll, 2000);
    return;
  }
  progress = status.models;
  if (!rooms.size) build(status);
  tell();
  const unfinished = ({ state }) => !["ready", "failed"].includes(state);
  if (Object.values(progress).some(unfinished)) setTimeout(poll, 500);
}

function build(status) {
  for (const { name, title, needs } of status.rooms) {
    const tab = element("button", {
      role: "tab", id: `tab-${name}`, "aria-controls": name, onclick: () => choose(name),
    }, title, element("i", { class: "bar" }));
    const section = element("section", {
      role: "tabpanel", id: name, "aria-labelledby": `tab-${name}`, hidden: true,
    });
    tabs.append(tab);
    main.append(section);
    rooms.set(name, { tab, section, needs, opened: false, room: null });
  }
  tabs.addEventListener("keydown", moveAlong);
  addEventListener("hashchange", () => choose(location.hash.slice(1)));
  const yours = status.yours.length ? ` Yours in it: ${status.yours.join(", ")}.` : "";
  document.getElementById("facts").textContent =
    `Every answer is computed by the engine, on this machine. Images: ${status.data.images}. ` +
    `Text: ${status.data.text}.${yours}`;
  choose(location.hash.slice(1));
}

// Left and right, home and end go along the tabs.
function moveAlong(event) {
  const names = [...rooms.keys()], at = names.indexOf(chosen);
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose(names[(next + names.length) % names.length]);
  rooms.get(chosen).tab.focus();
}

function choose(name) {
  if (!rooms.has(name)) name = rooms.keys().next().value;
  if (name === chosen) return;
  const before = rooms.get(chosen);
  chosen = name;
  history.replaceState(null, "", `#${name}`);
  for (const [other, { tab, section }] of rooms) {
    tab.setAttribute("aria-selected", other === name);
    tab.tabIndex = other === name ? 0 : -1;
    section.hidden = other !== name;
  }
  before?.room?.hide?.();
  rooms.get(name).room?.show?.();
  document.title = `${rooms.get(name).tab.textContent} · tinygen playground`;
  tell();
}

// Show how far the models are, and open what is ready.
function tell() {
  for (const [name, { tab, section, needs, opened }] of rooms) {
    const share = needs.reduce((sum, model) => sum + part(progress[model]), 0) / needs.length;
    tab.querySelector(".bar").style.width = needs.length && share < 1 ? `${100 * share}%` : "0";
    if (opened || name !== chosen) continue;
    const missing = needs.filter((model) => progress[model].state !== "ready");
    if (missing.length) section.replaceChildren(waitingFor(missing));
    else open(name);
  }
  waiting = waiting.filter(({ name, place, act }) => {
    const ready = progress[name].state === "ready";
    place.textContent = ready ? "" : `${capital(progress[name].text)}.`;
    place.hidden = ready;
    if (ready) act();
    return !ready;
  });
}

function waitingFor(missing) {
  return element("div", { class: "waiting" },
    element("p", { class: "lead" }, "This room opens as soon as its models have been trained. " +
      "They are kept for the next time."),
    ...missing.map((name) => element("label", {}, `${capital(progress[name].text)}.`,
      element("progress", { max: 1, value: part(progress[name]) }))));
}

const part = ({ state, done, total }) => (state === "ready" ? 1 : total ? done / total : 0);
const capital = (text) => text[0].toUpperCase() + text.slice(1);

async function open(name) {
  const entry = rooms.get(name);
  entry.opened = true;
  try {
    const css = element("link", { rel: "stylesheet", href: `${name}.css` });
    const styled = new Promise((resolve) => { css.onload = css.onerror = resolve; });
    document.head.append(css);
    const [text, module] = await Promise.all([
      fetch(`${name}.html`).then((answer) => answer.text()), import(`./${name}.js`), styled]);
    entry.section.innerHTML = text;
    entry.room = await module.start(entry.section, models);
    if (name !== chosen) entry.room?.hide?.();
  } catch (error) {
    console.error(error);
    say(`This room could not be opened: ${error.message}`);
  }
}

poll();
