"""Text that goes on from a prompt, printed token by token as it comes."""
import codecs
import re
import sys
import time

from demos.common.options import check_positive
from models.gpt import check_sampling, generate
from tinygen.data import CharTokenizer

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # characters that a terminal would obey


def check_writing(cfg):
    """Raise ValueError unless there is a prompt, and temperature, top_k (0 for all), top_p and
    count are in range."""
    check_sampling(cfg.temperature, cfg.top_k or None, cfg.top_p)
    check_positive(cfg, "count")
    if not cfg.prompt:
        raise ValueError("--prompt is empty; give at least one character to go on from")


def go_on(run, model, tokenizer):
    """Print --prompt and how the model goes on, in --count tokens, as they come.

    -> the prompt, what follows, the number of tokens, the seconds that they took
    """
    cfg = run.settings
    ids = encode_prompt(cfg.prompt, tokenizer)
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
    return prompt, text, count, time.monotonic() - started


def save_writing(run, prompt, text):
    run.save_text(f"{prompt}|{text}", "written", "The prompt and, after the bar, how it goes on.")


def encode_prompt(prompt, tokenizer):
    """The prompt's tokens. Raises ValueError if it has characters without a token."""
    if isinstance(tokenizer, CharTokenizer):
        unknown = sorted(set(prompt).difference(tokenizer.characters))
        if unknown:
            raise ValueError(f"--prompt has {', '.join(map(repr, unknown))}, which the text that "
                             "the model learnt from never has; leave it out, or train with byte "
                             "pairs, --tokens 512")
    return tokenizer.encode(prompt)


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
