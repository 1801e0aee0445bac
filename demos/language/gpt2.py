"""Let GPT-2's own weights, or yours in its layout, continue a text, one token after the other.

The network is that of the demo `gpt`, only larger; no more was needed for what made news in 2019.
The weights are not part of this project: download config.json, model.safetensors, vocab.json and
merges.txt of openai-community/gpt2 (124 million parameters, 550 MB), or of gpt2-medium, gpt2-large
or gpt2-xl, from https://huggingface.co into a folder.

    python -m demos gpt2 --weights FOLDER --prompt "Not all heroes wear capes."
    python -m demos gpt2 --weights FOLDER --temperature 0 --count 20      the likeliest each time
    python -m demos gpt2 --weights FOLDER --top-k 40 --top-p 1            one of the 40 likeliest
    python -m demos gpt2 --weights out/gpt/gpt2 --prompt "The "           what demo gpt trained
    python -m demos gpt2 --preset smoke                                   random weights: nonsense

Without a cache of keys and values, each new token would cost as much as all those before it; with
the cache, a new token costs one pass of the network for that token alone.

Language models are unsupervised multitask learners (Radford et al., 2019).
"""
import time

from demos.common.run import demo
from demos.language.parts.writing import check_writing, go_on, save_writing
from models import gpt2
from models.gpt import GPT, Config
from tinygen.data import BPETokenizer

PRESETS = {
    "smoke": dict(count=20),
    "default": dict(weights="", prompt="Not all heroes wear capes.", count=100, temperature=0.8,
                    top_k=0, top_p=0.95),
}


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_writing(cfg)
    if run.preset == "smoke" and not cfg.weights:
        cfg.weights = str(run.out / "random")
        save_random_weights(cfg.weights, run.rng)
    model, tokenizer = load(run, cfg.weights)
    prompt, text, count, seconds = go_on(run, model, tokenizer)
    measure(run, count, seconds)
    show(run, prompt, text)


def measure(run, tokens, seconds):
    run.measure("tokens per second", tokens / seconds)


def show(run, prompt, text):
    save_writing(run, prompt, text)


def load(run, folder):
    """The model and the tokenizer in a folder. Raises ValueError if either is missing."""
    if not folder:
        raise ValueError("--weights is a folder with GPT-2's config.json, model.safetensors, "
                         "vocab.json and merges.txt; download them from "
                         "https://huggingface.co/openai-community/gpt2")
    started = time.monotonic()
    model, tokenizer = gpt2.load(folder)
    if tokenizer is None:
        raise ValueError(f"--weights: {folder} has no vocab.json and merges.txt, which turn text "
                         "into tokens and back; download them, too")
    run.print(f"{sum(p.size for p in model.parameters()):,} parameters, read in "
              f"{time.monotonic() - started:.1f} s")
    return model, tokenizer


def save_random_weights(folder, rng):
    """Save a tiny, untrained GPT-2, with a tokenizer of its own: to see that everything works."""
    tokenizer = BPETokenizer.train("to be or not to be, that is the question " * 3, 280)
    model = GPT(Config(len(tokenizer), 32, 2, 2, 16, tied=True), rng=rng)
    gpt2.save(folder, model, tokenizer)
