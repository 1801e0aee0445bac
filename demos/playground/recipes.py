"""How the playground's models come about: a demo's own main, up to the end of the loop that trains.

So nothing is told twice, the weights are those of the demo's own run, and a model that was kept is
built anew by the code that built it first: the same main, up to the beginning of its loop.
"""
import functools
import hashlib
import json
import math
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from demos.common.catalogue import load_demo
from demos.playground.drawing import Frame
from demos.tools.codes import PCA, in_batches
from demos.tools.nearest import Neighbours
from demos.vaes.parts.elbo import evaluate
from tinygen import checkpoint
from tinygen.backend import np, to_numpy
from tinygen.data import load_images, load_text
from tinygen.data.cache import cache_folder
from tinygen.nn import Module

# demo -> what its models are called. In the order of training: the first rooms open soonest.
TITLES = {
    "vae_manifold": "the VAE with two latents",
    "autoencoder": "the autoencoder",
    "vae": "the VAE",
    "gpt": "the GPT",
    "denoise": "the denoiser",
    "gan_digits": "the digits' GAN",
}
# demo -> the loop that trains what is wanted, where there are several; those before it are skipped
LOOPS = {"autoencoder": "conv 16", "vae": "VAE", "vae_manifold": "2 latents"}
SEARCHED = 10_000  # training images, for the nearest
MAPPED = 2_000     # test images, on the map of two latents
TOLD = 0.2  # seconds from one word about the progress to the next


class Choice(NamedTuple):
    """What the models are trained on, and how."""
    images: str = "digits"
    text: str = "pydoc"
    seed: int = 0
    preset: str = "tour"  # of the demos; their default where they lack it
    folder: str = str(cache_folder() / "playground")

    def data_of(self, name):
        return self.text if name == "gpt" else self.images

    def path(self, name):
        """The file in which model `name` is kept."""
        data = Path(self.data_of(name)).stem
        return Path(self.folder, f"{name}-{data}-{self.preset}-{self.seed}.npz")


class Data:
    """The images and the text that a Choice names, and what is computed from them at first use.

    Raises what loading them raises.
    """

    def __init__(self, choice):
        self.images, self.text = load_images(choice.images), load_text(choice.text)
        shape = self.images.x_train.shape
        if shape[1:] != (1, 28, 28):
            raise ValueError(f"--data: the playground draws on 28 x 28 pixels of grey; "
                             f"{choice.images} has images of shape {shape[1:]}")
        self._prints = {"images": hashlib.sha256(self.images.x_train.tobytes()).hexdigest(),
                        "text": hashlib.sha256(self.text.encode()).hexdigest()}

    @functools.cached_property
    def searched(self):
        """Where neighbours are searched: the first training images.  (N, 1, 28, 28)"""
        return self.images.x_train[:SEARCHED]

    @functools.cached_property
    def by_pixels(self):
        return Neighbours(self.searched)

    @functools.cached_property
    def pca(self):
        return PCA(self.images.x_train)

    @functools.cached_property
    def frame(self):
        return Frame(self.images.x_train)

    def fingerprint(self, name):
        """Of what model `name` is trained on."""
        return self._prints["text" if name == "gpt" else "images"]


class Finished(Exception):
    """The loop is over, and with it all that is wanted of the demo."""


class OneLoop:
    """What a demo's main gets in place of a Run: it goes through one loop, and ends there.

    steps: as many, or None for as many as the demo's own. tell(done, total, seconds left).
    modules: name -> the networks that the loop trains.
    """

    def __init__(self, name, presets, choice, steps=None, tell=None):
        self.settings = SimpleNamespace(**{**presets["default"], **presets.get(choice.preset, {})})
        self.preset, self.seed, self.data = choice.preset, choice.seed, choice.data_of(name)
        self.rng = np.random.default_rng(self.seed)  # as in the demo's own run
        self.modules = {}
        self._loop, self._steps, self._tell = LOOPS.get(name, "training"), steps, tell

    def steps(self, loop="training", *, total=None, **objects):
        """Yield the number of each step of the wanted loop, then raise Finished."""
        if loop != self._loop:
            return
        self.modules = {name: part for name, part in objects.items() if isinstance(part, Module)}
        total = (total or self.settings.steps) if self._steps is None else self._steps
        started = told = time.monotonic()
        for step in range(total):
            yield step
            now, done = time.monotonic(), step + 1
            if self._tell and now - told > TOLD:
                told = now
                self._tell(done, total, (now - started) / done * (total - done))
        raise Finished

    def log(self, **metrics):
        """Raises FloatingPointError for nan or infinity: training has diverged."""
        for name, value in metrics.items():
            value = float(to_numpy(value))
            if not math.isfinite(value):
                raise FloatingPointError(f"it diverged, {name} is {value}; try another --seed")

    def print(self, text):
        """What a demo says on the way is not shown."""


def run_loop(choice, name, steps=None, tell=None):
    """Run demo `name` up to the end of its loop -> OneLoop, which has the networks."""
    demo = load_demo(name)
    run = OneLoop(name, demo.PRESETS, choice, steps, tell)
    try:
        demo.main.__wrapped__(run)
    except Finished:
        pass
    for module in run.modules.values():
        module.eval()
    return run


def train(choice, name, data, tell=None):
    """Train model `name`, and keep it."""
    path = choice.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=path.parent).close()  # raises now, not after the training
    run = run_loop(choice, name, tell=tell)
    checkpoint.save(path, {
        "identity": identity(run, name, data), "extras": extras(name, run.modules, data),
        "modules": {part: module.state_dict() for part, module in run.modules.items()}})


def restore(choice, name, data):
    """Model `name` as it was kept: a namespace of its networks, settings and extras.

    Raises ValueError or OSError where no such model is kept.
    """
    kept = checkpoint.load(choice.path(name))
    run = run_loop(choice, name, steps=0)
    if kept.get("identity") != identity(run, name, data):
        raise ValueError(f"{choice.path(name)} was trained in another way")
    for part, module in run.modules.items():
        module.load_state_dict(kept["modules"][part])
    return SimpleNamespace(**run.modules, settings=run.settings, **kept["extras"])


def identity(run, name, data):
    """What a kept model must share with the one that is asked for."""
    return json.loads(json.dumps({"demo": name, "seed": run.seed, "settings": vars(run.settings),
                                  "data": data.fingerprint(name)}))


# ---- what is kept beside the weights, since it takes seconds to compute ----

def extras(name, modules, data):
    """name -> array."""
    if name == "autoencoder":  # codes of the images that are searched (N, 16)
        return {"codes": in_batches(modules["model"].encode, data.searched)}
    if name == "vae_manifold":  # means of q(z|x) of test images (N, 2)
        shown = data.images.x_test[:MAPPED]
        return {"means": in_batches(lambda x: modules["model"].encode(x)[0], shown)}
    if name == "vae":  # kl of each latent (latents,), a mean over the test images
        test = evaluate(modules["model"], data.images.x_test, rng=np.random.default_rng(0))
        return {"kl": test.per_latent}
    return {}
