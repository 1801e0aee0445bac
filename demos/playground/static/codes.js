import { latest, paint, sources, unpack } from "./common.js";

export function start(section) {
  const canvas = section.querySelector("#codes-image");
  const point = latest("codes", "point", ({ image }) => paint(canvas, unpack(image), 28, 28));
  canvas.addEventListener("pointermove", (event) => {
    point({ z: [event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight] });
  });
  point({ z: [0, 0] });
  section.append(sources("demos/vaes/vae_manifold.py", "models/vae.py"));
}
