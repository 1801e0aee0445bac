// The digits' discriminator and a drawing.

import { ask, element, latest, paint, shown, signed, unpack } from "./common.js";
import { drawStrips } from "./game_charts.js";
import { inPaperColours, Pad, smooth } from "./pad.js";

const SIDE = 28, PEN = 1.2;
const FIVE = [[0.68, 0.16, 0.36, 0.18], smooth([0.36, 0.18, 0.33, 0.46, 0.56, 0.42, 0.68, 0.6, 0.56,
  0.8, 0.3, 0.82])];

// -> a function that draws it all again
export function startDigits(section) {
  const $ = (selector) => section.querySelector(`#game-digits ${selector}`);
  let pixels = null, seed = 1, rows = [];
  $(".body").hidden = false;

  const judge = latest("game", "judge", (answer, asked) => {
    const slopes = unpack(answer.gradient), largest = Math.max(...slopes.map(Math.abs));
    const drawn = Uint8Array.from(atob(asked.pixels), (character) => character.charCodeAt(0));
    const colour = signed(largest);
    paint($(".heat"), slopes.map((_, i) => i), SIDE, SIDE,  // the drawing shows through
      (i) => colour(slopes[i]).map((part) => part * (1 - 0.35 * (drawn[i] / 255))));
    rows = [["real", "--accent", "Among real digits"],
      ["generated", "--warm", "Among generated ones"]].map(([name, dots, title]) => ({
      title, colour: dots, yours: chance(answer.yours[name]),
      others: [...unpack(answer.others[name])].map(chance) }));
    const [among, fakes] = rows.map(({ yours }) => yours.toFixed(2));
    $(".verdict").textContent = `D gives yours ${among} to be real among real digits, and ` +
      `${fakes} among generated ones.`;
    $(".strips").setAttribute("aria-label", $(".verdict").textContent);
    drawStrips($(".strips"), rows);
  });
  const see = (found) => { pixels = found.data; judge({ pixels, seed }); };
  const trace = latest("game", "trace", (answer) => see(answer.pixels));
  const pad = new Pad($(".pad-place"), "Draw a digit to be judged", () => PEN,
    (strokes) => trace({ strokes, pen: PEN, centred: true }));
  $("#game-digits-undo").addEventListener("click", () => pad.undo());
  $("#game-digits-clear").addEventListener("click", () => pad.set([]));
  $("#game-digits-company").addEventListener("click", () => {
    seed += 1;
    if (pixels) judge({ pixels, seed });
  });
  $("#game-digits-example").addEventListener("click", shown(async () => {
    const answer = await ask("game", "example", { index: Math.floor(1e6 * Math.random()) });
    const picture = element("canvas");
    paint(picture, unpack(answer.pixels), SIDE, SIDE, inPaperColours());
    pad.show(picture);
    see(answer.pixels);
  }));
  new ResizeObserver(() => drawStrips($(".strips"), rows)).observe($(".strips"));
  pad.set(FIVE);
}

const chance = (score) => 1 / (1 + Math.exp(-score));
