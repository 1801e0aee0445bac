"""Let GPT-2's own weights, or yours in its layout, continue a text, one token after the other.

The network is that of the demo `gpt`, only larger; no more was needed for what made news in 2019.
The weights are not part of this project: download config.json, model.safetensors, vocab.json and
merges.txt of openai-community/gpt2 (124 million parameters, 550 MB), or of gpt2-medium, gpt2-large
or gpt2-xl, from https://huggingface.co into a folder.

    python -m demos gpt2 --weights FOLDER --prompt "Not all heroes wear capes."
    python -m demos gpt2 --weights FOLDER --temperature 0 --count 20      the likeliest each time
    python -m demos gpt2 --weights FOLDER --top-k 40 --top-p 1            one of the 40 likeliest
    python -m demos gpt2 --preset smoke                                   random weights: nonsense

Without a cache of keys and values, each new token would cost as much as all those before it; with
the cache, a new token costs one pass of the network for that token alone.

Language models are unsupervised multitask learners (Radford et al., 2019).
"""
import codecs
import re
import sys
import time

from demos.common.options import check_positive
from demos.common.run import demo
from models import gpt2
from models.gpt import GPT, Config, check_sampling, generate
from tinygen.data import BPETokenizer

PRESETS = {
    "smoke": dict(count=20),
    "default": dict(weights="", prompt="Not all heroes wear capes.", count=100, temperature=0.8,
                    top_k=0, top_p=0.95),
}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # characters that a terminal would obey


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_sampling(cfg.temperature, cfg.top_k or None, cfg.top_p)
    check_positive(cfg, "count")
    if not cfg.prompt:
        raise ValueError("--prompt is empty; give at least one character to go on from")
    if run.preset == "smoke" and not cfg.weights:
        cfg.weights = str(run.out / "random")
        save_random_weights(cfg.weights, run.rng)
    model, tokenizer = load(run, cfg.weights)
    ids = tokenizer.encode(cfg.prompt)
    first = ", ".join(map(str, ids[:20])) + (", ..." if len(ids) > 20 else "")
    run.print(f"The prompt's tokens: {first}")
    if len(ids) > model.block_size:
        run.print(f"The prompt has {len(ids)} tokens, and the model sees {model.block_size}: only "
                  "the last ones are used.")

    started, prompt = time.monotonic(), tokenizer.decode(ids)
    tokens = generate(model, ids[None], cfg.count, temperature=cfg.temperature,
                      top_k=cfg.top_k or None, top_p=cfg.top_p, rng=run.rng,
                      stop=next(iter(tokenizer.special.values()), None))
    text, count = stream(prompt, tokens, tokenizer)
    measure(run, count, time.monotonic() - started)
    show(run, prompt, text)


def measure(run, tokens, seconds):
    run.measure("tokens per second", tokens / seconds)


def show(run, prompt, text):
    run.save_text(f"{prompt}|{text}", "written", "The prompt and, after the bar, how it goes on.")


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


def stream(prompt, tokens, tokenizer):
    """Print the prompt and, in bold, each token as it comes.  -> their text, their number"""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("|", "")
    # A token may end in the middle of a character; its bytes then wait for those of the next.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = []
    print(f"\n{prompt}{bold}", end="", flush=True)
    try:
        for token in tokens:
            piece = decoder.decode(tokenizer.decode_bytes(token))
            pieces.append(CONTROL.sub("\ufffd", piece))
            print(pieces[-1], end="", flush=True)
    finally:
        print(plain)  # after Ctrl-C too
    return "".join(pieces), len(pieces)


def save_random_weights(folder, rng):
    """Save a tiny, untrained GPT-2, with a tokenizer of its own: to see that everything works."""
    tokenizer = BPETokenizer.train("to be or not to be, that is the question " * 3, 280)
    model = GPT(Config(len(tokenizer), 32, 2, 2, 16, tied=True), rng=rng)
    gpt2.save(folder, model, tokenizer)
