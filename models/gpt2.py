"""Read and write GPT-2 checkpoints in their published layout, for the GPT of models/gpt.py.

A folder as Hugging Face lays it out holds config.json, model.safetensors, and the tokenizer's
vocab.json and merges.txt. The networks are the same. Names differ, and so does the layout of a
linear layer: x W + b with W (in, out) there, x wᵀ + b with w (out, in) here.

Published models have byte pairs for tokens. For one whose tokens are characters, config.json lists
them, as our own entry "characters".

Sizes: gpt2 124M (12 blocks, n_embd 768), medium 355M (24, 1024), large 774M (36, 1280), xl 1.5B
(48, 1600). Each number takes 4 bytes here.
"""
import json
from pathlib import Path

from models.gpt import GPT, Config
from tinygen import nn, safetensors
from tinygen.backend import np
from tinygen.checks import check_path
from tinygen.data import BPETokenizer, CharTokenizer
from tinygen.errors import describe
from tinygen.files import replacing

# Settings that change the computation, with the values that match ours.
COMPUTED = {"activation_function": ("gelu_new", "gelu_pytorch_tanh"), "layer_norm_epsilon": (1e-5,),
            "scale_attn_weights": (True,), "scale_attn_by_inverse_layer_idx": (False,),
            "add_cross_attention": (False,)}
TOKENIZERS = BPETokenizer, CharTokenizer, type(None)
PREFIX = "transformer."  # before every name in files that hold the head as well


def load(folder):
    """The model in `folder`, in evaluation mode, and its tokenizer, or None where that is missing.

    Raises FileNotFoundError for a missing config.json or model.safetensors, and ValueError for
    files that are damaged, hold another network than GPT-2, or do not belong together.
    """
    folder = check_path("load", folder)
    settings, characters = _read_config(folder / "config.json")
    arrays = {name.removeprefix(PREFIX): array for name, array in _read_arrays(folder).items()}
    tied = "lm_head.weight" not in arrays or (
        "wte.weight" in arrays and np.array_equal(arrays["lm_head.weight"], arrays["wte.weight"]))
    config = Config(**settings, tied=tied)
    state = _ours(arrays, config, folder)  # before memory is taken for what config.json claims
    with nn.init.undrawn():
        model = GPT(config, rng=np.random.default_rng(0))
    model.load_state_dict(state)
    tokenizer = None
    if characters:
        tokenizer = CharTokenizer(characters)
    elif (folder / "vocab.json").exists():
        tokenizer = BPETokenizer.load(folder)
    if tokenizer and len(tokenizer) > model.config.vocab_size:
        raise ValueError(f"{folder}: the tokenizer has {len(tokenizer)} tokens and the model "
                         f"{model.config.vocab_size}; they do not belong together")
    return model.eval(), tokenizer


def save(folder, model, tokenizer=None):
    """Write a GPT, and its tokenizer if given, so that `load` and other tools can open it.

    The biases of a model without biases are written as zeros. Other tools know no tokenizer of
    characters.
    """
    if not isinstance(model, GPT) or not isinstance(tokenizer, TOKENIZERS):
        raise TypeError(f"save: takes a GPT and its tokenizer, got {describe(model)} and "
                        f"{describe(tokenizer)}")
    folder, c = check_path("save", folder), model.config
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
    if isinstance(tokenizer, CharTokenizer):
        config["characters"] = tokenizer.characters
    safetensors.save(folder / "model.safetensors", _theirs(model), {"format": "pt"})
    with replacing(folder / "config.json") as file:
        file.write(json.dumps(config, indent=2).encode())
    if isinstance(tokenizer, BPETokenizer):
        tokenizer.save(folder)


# ---- names ----

# Of the layers in each block: theirs -> ours, and the shape of their weight in multiples of n_embd.
LAYERS = {"ln_1.": ("norm1.", (1,)), "ln_2.": ("norm2.", (1,)),
          "attn.c_attn.": ("attention.in_proj_", (1, 3)),
          "attn.c_proj.": ("attention.out_proj.", (1, 1)),
          "mlp.c_fc.": ("feed_forward.inner.", (1, 4)),
          "mlp.c_proj.": ("feed_forward.out.", (4, 1))}


def _ours(arrays, config, folder):
    """Their arrays under our names, for load_state_dict. Raises ValueError unless they fit config.
    """
    def take(name, *shape):
        if name not in arrays:
            raise ValueError(f"{folder}: the weights have no {name}, which config.json asks for")
        if arrays[name].shape != shape:
            raise ValueError(f"{folder}: {name} has shape {arrays[name].shape}, but by config.json "
                             f"it is {shape}")
        return arrays[name]

    n, vocab_size = config.n_embd, config.vocab_size
    state = {"token.weight": take("wte.weight", vocab_size, n),
             "position.weight": take("wpe.weight", config.block_size, n),
             "norm.weight": take("ln_f.weight", n), "norm.bias": take("ln_f.bias", n)}
    if not config.tied:
        state["head.weight"] = take("lm_head.weight", vocab_size, n)
    for i in range(config.n_layer):
        for theirs, (ours, shape) in LAYERS.items():
            theirs, ours, shape = f"h.{i}.{theirs}", f"blocks.{i}.{ours}", [n * k for k in shape]
            state[f"{ours}weight"] = take(f"{theirs}weight", *shape).T  # a norm's one axis stays
            state[f"{ours}bias"] = take(f"{theirs}bias", shape[-1])
    if any(name.startswith(f"h.{config.n_layer}.") for name in arrays):
        raise ValueError(f"{folder}: the weights have more blocks than config.json's "
                         f"{config.n_layer}")
    return state


def _theirs(model):
    """Our arrays under their names."""
    config, state = model.config, model.state_dict()

    def bias(name, weight):
        """A layer without biases has zeros, one for each row of its weight."""
        return state.get(f"{name}bias", np.zeros(len(weight), "float32"))

    arrays = {"wte.weight": state["token.weight"], "wpe.weight": state["position.weight"],
              "ln_f.weight": state["norm.weight"], "ln_f.bias": bias("norm.", state["norm.weight"])}
    for i in range(config.n_layer):
        for theirs, (ours, _) in LAYERS.items():
            weight = state[f"blocks.{i}.{ours}weight"]
            arrays[f"h.{i}.{theirs}weight"] = weight.T
            arrays[f"h.{i}.{theirs}bias"] = bias(f"blocks.{i}.{ours}", weight)
    if config.tied:
        return arrays
    arrays = {PREFIX + name: array for name, array in arrays.items()}
    return arrays | {"lm_head.weight": state["head.weight"]}


# ---- files ----

def _read_arrays(folder):
    """The arrays of model.safetensors, or of the files that model.safetensors.index.json lists."""
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
    """Our settings, and the characters if they are the tokens, from their config.json.

    Raises ValueError unless it describes a GPT-2.
    """
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
        raise ValueError(f"{path} is of a {config['model_type']}; only gpt2 can be read")
    for name, known in COMPUTED.items():
        if config.get(name, known[0]) not in known:
            raise ValueError(f"{path}: {name} is {config[name]!r}; only {known[0]!r} can be "
                             f"read")
    if config.get("n_inner") not in (None, inner):
        raise ValueError(f"{path}: n_inner is {config['n_inner']}; only four times n_embd, "
                         f"{inner}, can be read")
    characters = config.get("characters", "")
    if not isinstance(characters, str) or sorted(set(characters)) != list(characters):
        raise ValueError(f"{path}: characters must be a str of each token's character, in the "
                         f"order of their code points; got {characters!r:.60}")
    return settings, characters
