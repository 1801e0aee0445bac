"""GPT-2's own weights, on the GPT of models/gpt.py: read from and written to its published layout.

A folder as Hugging Face lays it out holds config.json, model.safetensors, and the tokenizer's
vocab.json and merges.txt. The networks are the same; only names and two conventions differ:

    c_attn      query, key and value are one matrix there and three layers here
    Conv1D      a linear layer there is x W + b with W (in, out), here x wᵀ + b with w (out, in)

Sizes: gpt2 124M (12 blocks, width 768), medium 355M (24, 1024), large 774M (36, 1280), xl 1.5B
(48, 1600). Each number takes 4 bytes here.
"""
import json
from pathlib import Path

from models.gpt import GPT, Config
from tinygen import nn, safetensors
from tinygen.backend import np
from tinygen.data import BPETokenizer
from tinygen.files import replacing

# Settings that change the computation, with the value that ours has.
COMPUTED = {"activation_function": ("gelu_new", "gelu_pytorch_tanh"), "layer_norm_epsilon": (1e-5,),
            "scale_attn_weights": (True,), "scale_attn_by_inverse_layer_idx": (False,),
            "add_cross_attention": (False,)}
PREFIX = "transformer."  # before every name in files that hold the head as well


def load(folder):
    """The model and tokenizer in `folder`; the tokenizer is None where its files are missing.

    Raises FileNotFoundError for a missing config.json or model.safetensors, ValueError for files
    that are damaged, of a network that is not GPT-2's, or not of one model.
    """
    folder = Path(folder)
    settings = _read_config(folder / "config.json")
    arrays = {name.removeprefix(PREFIX): array for name, array in _read_arrays(folder).items()}
    tied = "lm_head.weight" not in arrays or (
        "wte.weight" in arrays and np.array_equal(arrays["lm_head.weight"], arrays["wte.weight"]))
    config = Config(**settings, tied=tied)
    state = _ours(arrays, config, folder)  # before memory is taken for what config.json claims
    with nn.init.undrawn():
        model = GPT(config, rng=np.random.default_rng(0))
    model.load_state_dict(state)
    tokenizer = None
    if (folder / "vocab.json").exists():
        tokenizer = BPETokenizer.load(folder)
        if len(tokenizer) > model.config.vocab_size:
            raise ValueError(f"{folder}: the tokenizer has {len(tokenizer)} tokens and the model "
                             f"{model.config.vocab_size}; they are not of one model")
    return model.eval(), tokenizer


def save(folder, model, tokenizer=None):
    """Write a GPT, and a BPETokenizer, so that `load` and other tools open them as a GPT-2.

    Biases that the model was made without are written as zeros.
    """
    folder, c = Path(folder), model.config
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"],
              "vocab_size": c.vocab_size, "n_positions": c.block_size, "n_ctx": c.block_size,
              "n_embd": c.n_embd, "n_layer": c.n_layer, "n_head": c.n_head,
              "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
              "resid_pdrop": c.dropout, "embd_pdrop": c.dropout, "attn_pdrop": c.dropout,
              "tie_word_embeddings": c.tied}
    special = {} if tokenizer is None else tokenizer.special
    for name in ("bos_token_id", "eos_token_id"):
        config[name] = next(iter(special.values()), None)
    safetensors.save(folder / "model.safetensors", _theirs(model), {"format": "pt"})
    with replacing(folder / "config.json") as file:
        file.write(json.dumps(config, indent=2).encode())
    if tokenizer is not None:
        tokenizer.save(folder)


# ---- names: their layer -> ours, for each block ----

NORMS = {"ln_1": "norm1", "ln_2": "norm2"}
# A linear layer also has its numbers in and out, in widths.
LINEAR = {"attn.c_proj": ("attention.out", 1, 1), "mlp.c_fc": ("feed_forward.inner", 1, 4),
          "mlp.c_proj": ("feed_forward.out", 4, 1)}
QKV = "query", "key", "value"


def _ours(arrays, config, folder):
    """Their arrays under our names, as load_state_dict takes them. Raises ValueError where they are
    not those of this config."""
    def take(name, *shape):
        if name not in arrays:
            raise ValueError(f"{folder}: the weights have no {name}, which config.json asks for")
        if arrays[name].shape != shape:
            raise ValueError(f"{folder}: {name} has shape {arrays[name].shape}, and by config.json "
                             f"it is {shape}")
        return arrays[name]

    vocabulary, width = config.vocab_size, config.n_embd
    state = {"token.weight": take("wte.weight", vocabulary, width),
             "position.weight": take("wpe.weight", config.block_size, width),
             "norm.weight": take("ln_f.weight", width), "norm.bias": take("ln_f.bias", width)}
    if not config.tied:
        state["head.weight"] = take("lm_head.weight", vocabulary, width)
    for i in range(config.n_layer):
        theirs, ours = f"h.{i}.", f"blocks.{i}."
        for norm, name in NORMS.items():
            for kind in ("weight", "bias"):
                state[f"{ours}{name}.{kind}"] = take(f"{theirs}{norm}.{kind}", width)
        for layer, (name, n_in, n_out) in LINEAR.items():
            weight = take(f"{theirs}{layer}.weight", n_in * width, n_out * width)
            state[f"{ours}{name}.weight"] = weight.T
            state[f"{ours}{name}.bias"] = take(f"{theirs}{layer}.bias", n_out * width)
        for kind, shape in (("weight", (width, 3 * width)), ("bias", (3 * width,))):
            array = take(f"{theirs}attn.c_attn.{kind}", *shape)
            for name, part in zip(QKV, np.split(array, 3, axis=-1)):
                state[f"{ours}attention.{name}.{kind}"] = part.T  # a bias with its one axis stays
    if any(name.startswith(f"h.{config.n_layer}.") for name in arrays):
        raise ValueError(f"{folder}: the weights have more blocks than config.json's "
                         f"{config.n_layer}")
    return state


def _theirs(model):
    """Our arrays under their names."""
    c, state = model.config, model.state_dict()

    def bias(name, size):
        return state.get(f"{name}.bias", np.zeros(size, "float32"))

    prefix = "" if c.tied else PREFIX
    arrays = {"wte.weight": state["token.weight"], "wpe.weight": state["position.weight"],
              "ln_f.weight": state["norm.weight"], "ln_f.bias": bias("norm", c.n_embd)}
    for i in range(c.n_layer):
        theirs, ours = f"h.{i}.", f"blocks.{i}."
        for norm, name in NORMS.items():
            arrays[f"{theirs}{norm}.weight"] = state[f"{ours}{name}.weight"]
            arrays[f"{theirs}{norm}.bias"] = bias(ours + name, c.n_embd)
        for layer, (name, _, _) in LINEAR.items():
            weight = state[f"{ours}{name}.weight"]
            arrays[f"{theirs}{layer}.weight"] = weight.T
            arrays[f"{theirs}{layer}.bias"] = bias(ours + name, len(weight))
        names = [f"{ours}attention.{name}" for name in QKV]
        arrays[f"{theirs}attn.c_attn.weight"] = np.concatenate(
            [state[f"{name}.weight"].T for name in names], axis=1)
        arrays[f"{theirs}attn.c_attn.bias"] = np.concatenate(
            [bias(name, c.n_embd) for name in names])
    arrays = {prefix + name: array for name, array in arrays.items()}
    if not c.tied:
        arrays["lm_head.weight"] = state["head.weight"]
    return arrays


# ---- files ----

def _read_arrays(folder):
    """The arrays in model.safetensors, or in the several files that its index lists instead."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return safetensors.load(_found(folder / "model.safetensors"))
    try:
        files = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        if any(Path(file).name != file for file in files):
            raise ValueError("a file is not in this folder")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{index} does not list the files of the weights: {error!r}") from error
    return {name: array for file in files
            for name, array in safetensors.load(_found(folder / file)).items()}


def _found(path):
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; a folder with a GPT-2 has config.json, "
                                "model.safetensors, and for text vocab.json and merges.txt")
    return path


def _read_config(path):
    """Our settings from their config.json. Raises ValueError for a network that is not ours."""
    _found(path)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        settings = dict(vocab_size=config["vocab_size"], n_layer=config["n_layer"],
                        block_size=config.get("n_positions", config.get("n_ctx")),
                        n_head=config["n_head"], n_embd=config["n_embd"])
        inner = 4 * settings["n_embd"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no configuration of a GPT-2: {error!r}") from error
    if config.get("model_type", "gpt2") != "gpt2":
        raise ValueError(f"{path} is of a {config['model_type']}, and this reads gpt2 alone")
    for name, known in COMPUTED.items():
        if config.get(name, known[0]) not in known:
            raise ValueError(f"{path}: {name} is {config[name]!r}, and this computes with "
                             f"{known[0]!r}")
    if config.get("n_inner") not in (None, inner):
        raise ValueError(f"{path}: n_inner is {config['n_inner']}, and this computes with four "
                         f"times the width, {inner}")
    return settings
