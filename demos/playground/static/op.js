// The room Op: an op on small numbers that can be changed in place.
import { ask, element, latest, shown, sources, style } from "./common.js";

export function start(section) {
  const arrays = section.querySelector(".arrays");
  let chosen = { op: "softmax", case: 0 };
  let inputs = [], output = null, cotangent = null;

  const compute = latest("op", "compute", (answer, asked) => {
    if (asked.op !== chosen.op || asked.case !== chosen.case) return;  // an older choice's
    output.show(answer.y.values);
    inputs.forEach((array, i) => {
      array.show(answer.gradients[i].values, answer.differences[i].values, answer.agree[i]);
    });
  });
  const computeNow = () => compute({ ...chosen, g: cotangent.values,
    inputs: inputs.map(({ values }) => values) });

  const begin = shown(async (op, number) => {
    const found = await ask("op", "start", { op, case: number });
    chosen = { op, case: number };
    cases.replaceChildren(...found.cases.map((text, i) => element("option",
      { value: i, selected: i === number }, text)));
    section.querySelector(".about").textContent = found.about;
    showSource(section.querySelector("pre"), found.source);
    const letters = namesOf(found.source, found.inputs.length);
    inputs = found.inputs.map((array, i) => new Numbers(letters[i], array, computeNow));
    output = new Numbers("y", { shape: found.g.shape, values: null });
    cotangent = new Numbers("ȳ", found.g, computeNow);
    output.place.classList.add("output");
    cotangent.place.classList.add("cotangent");
    arrays.replaceChildren(...[...inputs, output, cotangent].map(({ place }) => place));
    computeNow();
  });

  const names = element("select", { onchange: () => begin(names.value, 0) });
  const cases = element("select", { onchange: () => begin(chosen.op, Number(cases.value)) });
  section.querySelector(".pickers").append(element("label", {}, "Op", names),
    element("label", {}, "Inputs and settings", cases));
  section.append(sources("tinygen/operation.py", "tinygen/check/table.py",
    "tinygen/check/gradients.py"));

  shown(async () => {
    const { files } = await ask("op", "ops");
    for (const [file, ops] of Object.entries(files)) {
      names.append(element("optgroup", { label: file },
        ...ops.map((op) => element("option", { value: op, selected: op === chosen.op }, op))));
    }
    names.addEventListener("change", () => nameFile(section, files, names.value));
    nameFile(section, files, chosen.op);
    await begin(chosen.op, 0);
  })();
  return {};
}

function nameFile(section, files, op) {
  const [file] = Object.entries(files).find(([, ops]) => ops.includes(op));
  section.querySelector("#op-source small").textContent = file;
}

// The names of the first inputs of a function, from its source; *xs counts.
function namesOf(source, count) {
  const [, inside] = /def \w+\(([^)]*)\)/.exec(source) ?? [null, ""];
  const names = inside.split(",").map((name) => name.trim().split("=")[0]).filter(Boolean);
  return Array.from({ length: count }, (_, i) => {
    if (names[0]?.startsWith("*")) return `${names[0].slice(1)}[${i}]`;
    return names[i] ?? `input ${i}`;
  });
}

// Python with its comments and docstrings in colours of their own.
function showSource(pre, source) {
  let inDoc = false;
  pre.replaceChildren(...source.split("\n").flatMap((line) => {
    const quotes = line.split('"""').length - 1, doc = inDoc || quotes > 0;
    if (quotes % 2) inDoc = !inDoc;
    const comment = doc ? -1 : line.search(/(^|\s)# /);
    if (doc) return [element("span", { class: "doc" }, line), "\n"];
    if (comment < 0) return [line, "\n"];
    return [line.slice(0, comment), element("span", { class: "comment" }, line.slice(comment)),
      "\n"];
  }));
}

// An array as tables of its last two axes, one for each index of the others.
class Numbers {
  constructor(name, { shape, values }, changed) {
    this.values = values && [...values];
    this.cells = [];
    const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
    const before = shape.slice(0, -2), size = rows * columns;
    const count = before.reduce((a, b) => a * b, 1);
    const blocks = Array.from({ length: size ? count : 0 }, (_, block) => {
      const index = indexOf(block, before);
      const table = element("table", { "aria-label": `${name}${index}` });
      for (let row = 0; row < rows; row++) {
        const cells = Array.from({ length: columns }, (_, column) => this.cell(
          `${name} ${[...index.matchAll(/\d+/g)].join(", ")} ${row}, ${column}`,
          block * size + row * columns + column, changed));
        table.append(element("tr", {}, ...cells));
      }
      return element("div", { class: "block" }, index ? element("span", {}, index) : "", table);
    });
    this.place = element("div", { class: "array" },
      element("h3", {}, `${name} `, element("small", {}, `(${shape.join(", ")})`)),
      element("div", { class: "blocks" }, ...blocks));
  }

  cell(label, at, changed) {
    const number = element("b"), slope = element("i"), cell = element("td");
    if (this.values) {
      const input = element("input", { type: "number", step: 0.1, min: -1000, max: 1000,
        "aria-label": label, value: this.values[at] });
      input.addEventListener("input", () => {
        const value = Number(input.value);
        if (input.value === "" || !(Math.abs(value) <= 1000)) return;  // still being typed
        this.values[at] = value;
        changed();
      });
      cell.append(input);
    }
    cell.append(number, slope);
    this.cells.push({ cell, number, slope });
    return cell;
  }

  // Numbers to show in the cells; with slopes, those beside them, and whether they agree.
  show(numbers, slopes = null, agree = null) {
    const largest = Math.max(...numbers.map((value) => Math.abs(value ?? 0)), 1e-12);
    this.cells.forEach(({ cell, number, slope }, i) => {
      number.textContent = text(numbers[i]);
      tint(number, (numbers[i] ?? 0) / largest);
      if (!slopes) return;
      cell.classList.toggle("differs", !agree[i]);
      slope.textContent = `${agree[i] ? "" : "≠ "}${text(slopes[i])}`;
    });
  }
}

function indexOf(block, shape) {
  const index = [];
  for (const size of [...shape].reverse()) {
    index.unshift(block % size);
    block = Math.floor(block / size);
  }
  return index.length ? `[${index.join(", ")}]` : "";
}

function text(value) {
  if (value === null) return "not finite";
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace("-", "−");
  return value.toFixed(3).replace("-", "−");
}

// Blue for numbers above 0, orange for those below, the stronger the larger.
function tint(place, share) {
  const colour = style(share < 0 ? "--warm" : "--accent");
  place.style.background = `color-mix(in srgb, ${colour} ${Math.round(45 * Math.abs(share))}%, `
    + "transparent)";
}
