"""GPT-2's layout: checkpoints made in it give what its formulas say, and ours go out and back."""
import json

import pytest

from models import gpt2
from models.gpt import GPT, Config, generate
from tinygen import nn, safetensors
from tinygen.backend import np, to_numpy, xp
from tinygen.data import BPETokenizer, CharTokenizer

V, BLOCK, LAYERS, HEADS, WIDTH = 300, 8, 2, 2, 6
CONFIG = {"model_type": "gpt2", "vocab_size": V, "n_positions": BLOCK, "n_embd": WIDTH,
          "n_layer": LAYERS, "n_head": HEADS, "activation_function": "gelu_new",
          "layer_norm_epsilon": 1e-05}


def random_arrays(rng):
    """A checkpoint in GPT-2's layout: linear layers (in, out), query, key and value in one."""
    shapes = {"wte.weight": (V, WIDTH), "wpe.weight": (BLOCK, WIDTH),
              "ln_f.weight": (WIDTH,), "ln_f.bias": (WIDTH,)}
    for i in range(LAYERS):
        for name, shape in {"attn.c_attn": (WIDTH, 3 * WIDTH), "attn.c_proj": (WIDTH, WIDTH),
                            "mlp.c_fc": (WIDTH, 4 * WIDTH), "mlp.c_proj": (4 * WIDTH, WIDTH),
                            "ln_1": (WIDTH,), "ln_2": (WIDTH,)}.items():
            shapes |= {f"h.{i}.{name}.weight": shape, f"h.{i}.{name}.bias": shape[-1:]}
    return {name: rng.normal(0, 0.5, shape).astype("float32") for name, shape in shapes.items()}


def write(folder, arrays, config=CONFIG):
    safetensors.save(folder / "model.safetensors", arrays)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def reference_logits(p, ids):
    """GPT-2's formulas in NumPy, with its own names and layout.  (T,) -> (T, V)"""
    p = {name: array.astype("float64") for name, array in p.items()}

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * p[f"{name}.weight"] + p[f"{name}.bias"]

    def conv1d(x, name):
        return x @ p[f"{name}.weight"] + p[f"{name}.bias"]

    x = p["wte.weight"][ids] + p["wpe.weight"][:len(ids)]
    for i in range(LAYERS):
        q, k, v = np.split(conv1d(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn"), 3, axis=-1)
        heads = []
        for share in np.split(np.arange(WIDTH), HEADS):
            scores = q[:, share] @ k[:, share].T / np.sqrt(WIDTH / HEADS)
            scores[np.triu_indices(len(ids), 1)] = -np.inf
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(weights / weights.sum(-1, keepdims=True) @ v[:, share])
        x = x + conv1d(np.concatenate(heads, axis=-1), f"h.{i}.attn.c_proj")
        h = conv1d(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
        h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h ** 3)))
        x = x + conv1d(h, f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f") @ p.get("lm_head.weight", p["wte.weight"]).T


def logits(model, ids):
    return to_numpy(model(xp.asarray(ids[None])))[0]


IDS = np.array([3, 299, 0, 17, 17, 250])


@pytest.mark.parametrize("prefix", ["", "transformer."])
@pytest.mark.parametrize("head", ["left out", "same", "own"])
def test_a_checkpoint_in_the_published_layout(prefix, head, tmp_path, rng):
    arrays = random_arrays(rng)
    expected = dict(arrays)
    if head == "own":
        expected["lm_head.weight"] = rng.normal(size=(V, WIDTH)).astype("float32")
    stored = {prefix + name: array for name, array in arrays.items()}
    if head != "left out":
        stored["lm_head.weight"] = expected.get("lm_head.weight", arrays["wte.weight"])
    stored[f"{prefix}h.0.attn.bias"] = np.tri(BLOCK, dtype="float32")  # its stored causal mask
    write(tmp_path, stored)
    model, tokenizer = gpt2.load(tmp_path)
    assert tokenizer is None and not model.training
    assert model.config == Config(V, BLOCK, LAYERS, HEADS, WIDTH, tied=head != "own")
    np.testing.assert_allclose(logits(model, IDS), reference_logits(expected, IDS), rtol=2e-4,
                               atol=2e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_widened(dtype, tmp_path, rng):
    arrays = random_arrays(rng)
    if dtype == "float16":
        arrays = {name: array.astype("float16") for name, array in arrays.items()}
        write(tmp_path, arrays)
    else:
        arrays = {name: (array.view(np.uint32) & np.uint32(0xffff0000)).view(np.float32)
                  for name, array in arrays.items()}
        write(tmp_path, {name: (array.view(np.uint32) >> 16).astype(np.uint16)
                         for name, array in arrays.items()})
        name_bfloat16(tmp_path / "model.safetensors")
    model, _ = gpt2.load(tmp_path)
    np.testing.assert_allclose(logits(model, IDS), reference_logits(arrays, IDS), rtol=2e-4,
                               atol=2e-4)


def name_bfloat16(path):
    """Have the header call BF16 what it calls U16; NumPy has no such dtype to save."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = raw[8:8 + length].replace(b'"U16"', b'"BF16"')
    path.write_bytes(len(header).to_bytes(8, "little") + header + raw[8 + length:])


@pytest.mark.parametrize("settings", [{}, {"tied": True}, {"bias": False}])
def test_out_and_back(settings, tmp_path, rng):
    config = Config(V, BLOCK, LAYERS, HEADS, WIDTH, **settings)
    model = GPT(config, rng=rng)
    for p in model.parameters():
        p.data += 0.1 * xp.asarray(rng.standard_normal(p.shape).astype("float32"))
    folder = tmp_path / "several" / "new"
    gpt2.save(folder, model, BPETokenizer.train("to be or not to be", V))
    again, tokenizer = gpt2.load(folder)
    np.testing.assert_allclose(logits(again, IDS), logits(model, IDS), rtol=1e-5, atol=1e-6)
    assert tokenizer.decode(tokenizer.encode("to be")) == "to be"
    stored = safetensors.load(folder / "model.safetensors")
    bare = {name.removeprefix("transformer."): array for name, array in stored.items()}
    np.testing.assert_allclose(reference_logits(bare, IDS), logits(model, IDS), rtol=2e-4,
                               atol=2e-4)
    written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert written["n_embd"] == WIDTH and written["tie_word_embeddings"] == config.tied


def write_shards(folder, arrays, **changes):
    """The arrays in two files, as large checkpoints have them; changes: of the index."""
    write(folder, {})
    (folder / "model.safetensors").unlink()
    weight_map = {name: f"model-{1 + i % 2}-of-2.safetensors" for i, name in enumerate(arrays)}
    for file in set(weight_map.values()):
        safetensors.save(folder / file, {name: arrays[name] for name in arrays
                                         if weight_map[name] == file})
    index = json.dumps({"metadata": {}, "weight_map": weight_map, **changes})
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")


def test_weights_in_several_files(tmp_path, rng):
    arrays = random_arrays(rng)
    write_shards(tmp_path, arrays)
    model, _ = gpt2.load(tmp_path)
    np.testing.assert_allclose(logits(model, IDS), reference_logits(arrays, IDS), rtol=2e-4,
                               atol=2e-4)
    (tmp_path / "model-2-of-2.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="there is no .*model-2-of-2"):
        gpt2.load(tmp_path)


@pytest.mark.parametrize("weight_map", [None, [], {"a": 3}, {"a": ["b"]}, {"a": "../b"},
                                        {"a": "/etc/passwd"},
                                        {"a": "model-1-of-2.safetensors", "b": "../b"}])
def test_an_index_that_lists_no_files_of_the_folder(weight_map, tmp_path, rng):
    write_shards(tmp_path, random_arrays(rng), weight_map=weight_map)
    with pytest.raises(ValueError, match="does not list the files of the weights"):
        gpt2.load(tmp_path)


def test_settings_that_say_what_is_computed_anyway(tmp_path, rng):
    arrays = random_arrays(rng)
    write(tmp_path, arrays, CONFIG | {
        "activation_function": "gelu_pytorch_tanh", "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False})
    model, _ = gpt2.load(tmp_path)
    np.testing.assert_allclose(logits(model, IDS), reference_logits(arrays, IDS), rtol=2e-4,
                               atol=2e-4)


def test_it_writes_text(tmp_path, rng):
    write(tmp_path, random_arrays(rng))
    model, _ = gpt2.load(tmp_path)
    tokens = list(generate(model, IDS[None], 20, temperature=0, rng=rng))
    assert np.array_equal(tokens[0], logits(model, IDS)[-1:].argmax(axis=1))


def test_weights_that_a_checkpoint_will_fill_are_not_drawn(rng):
    before = rng.bit_generator.state
    with nn.init.undrawn():
        model = GPT(Config(V, BLOCK, LAYERS, HEADS, WIDTH), rng=rng)
        assert not nn.init.uniform((2, 2), 1.0, rng=rng).any()
    assert not to_numpy(model.token.weight).any() and rng.bit_generator.state == before
    assert to_numpy(nn.Linear(2, 2, rng=rng).weight).all()


# ---- mistakes ----

@pytest.mark.parametrize(("change", "message"), [
    ({"model_type": "llama"}, "of a llama"),
    ({"activation_function": "relu"}, "activation_function"),
    ({"layer_norm_epsilon": 1e-3}, "layer_norm_epsilon"), ({"n_inner": 7}, "n_inner is 7"),
    ({"scale_attn_weights": False}, "scale_attn_weights"),
    ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
    ({"add_cross_attention": True}, "add_cross_attention"),
    ({"n_head": 4}, "n_head must divide n_embd"), ({"n_embd": "6"}, "n_embd"),
    ({"n_embd": None}, "no configuration of a GPT-2"),
    ({"n_layer": 3}, "have no h.2"), ({"n_layer": 1}, "more blocks than config.json's 1"),
    ({"n_layer": 10 ** 12}, "have no h.2"),
    ({"vocab_size": 10 ** 15}, r"wte.weight has shape \(300, 6\), but .* \(10{15}, 6\)"),
    ({"n_positions": 9}, r"wpe.weight has shape \(8, 6\), but .* \(9, 6\)"),
    ({"n_embd": 4}, r"wte.weight has shape \(300, 6\), but .* \(300, 4\)")])
def test_a_checkpoint_of_another_config(change, message, tmp_path, rng):
    write(tmp_path, random_arrays(rng), CONFIG | change)
    with pytest.raises(ValueError, match=message):
        gpt2.load(tmp_path)


@pytest.mark.parametrize("inner", [None, 4 * WIDTH])
def test_the_inner_width_may_be_told(inner, tmp_path, rng):
    write(tmp_path, random_arrays(rng), CONFIG | {"n_inner": inner})
    assert gpt2.load(tmp_path)[0].config.n_embd == WIDTH


@pytest.mark.parametrize("name", ["h.1.mlp.c_fc.weight", "h.0.attn.c_attn.weight", "ln_f.bias"])
def test_an_array_of_another_shape_is_named(name, tmp_path, rng):
    arrays = random_arrays(rng)
    arrays[name] = arrays[name][..., :-1]
    write(tmp_path, arrays)
    with pytest.raises(ValueError, match=f"{name} has shape .* by config.json it is"):
        gpt2.load(tmp_path)


def test_files_that_are_missing_or_damaged(tmp_path, rng):
    with pytest.raises(FileNotFoundError, match="there is no .*config.json; a folder with"):
        gpt2.load(tmp_path)
    for text in ("{}", "[]", "{", "[" * 100_000):
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match="no configuration of a GPT-2"):
            gpt2.load(tmp_path)
    arrays = random_arrays(rng)
    write(tmp_path, arrays)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="there is no .*model.safetensors"):
        gpt2.load(tmp_path)
    del arrays["h.1.mlp.c_fc.bias"]
    write(tmp_path, arrays)
    with pytest.raises(ValueError, match="have no h.1.mlp.c_fc.bias"):
        gpt2.load(tmp_path)
    arrays["lm_head.weight"] = arrays.pop("wte.weight")
    write(tmp_path, arrays)
    with pytest.raises(ValueError, match="have no wte.weight"):
        gpt2.load(tmp_path)


def test_a_tokenizer_of_another_model(tmp_path, rng):
    write(tmp_path, random_arrays(rng))
    BPETokenizer([(b"a", bytes([i])) for i in range(100)]).save(tmp_path)
    with pytest.raises(ValueError, match="356 tokens and the model 300"):
        gpt2.load(tmp_path)


CONFIG_TEXT = """{
  "model_type": "gpt2",
  "architectures": [
    "GPT2LMHeadModel"
  ],
  "vocab_size": 2,
  "n_positions": 8,
  "n_ctx": 8,
  "n_embd": 6,
  "n_layer": 3,
  "n_head": 2,
  "activation_function": "gelu_new",
  "layer_norm_epsilon": 1e-05,
  "resid_pdrop": 0.1,
  "embd_pdrop": 0.1,
  "attn_pdrop": 0.1,
  "tie_word_embeddings": false,
  "bos_token_id": null,
  "eos_token_id": null,
  "characters": "ab"
}"""


def test_what_other_tools_read_to_the_letter(tmp_path, rng):
    model = GPT(Config(2, block_size=8, n_layer=3, n_head=2, n_embd=6, dropout=0.1), rng=rng)
    gpt2.save(tmp_path, model, CharTokenizer("ab"))
    assert (tmp_path / "config.json").read_text(encoding="utf-8") == CONFIG_TEXT
    weights = (tmp_path / "model.safetensors").read_bytes()
    assert weights[8:].startswith(b'{"__metadata__":{"format":"pt"},"transformer.wte.weight":')


@pytest.mark.parametrize("special, end", [(None, None), ({"<|end|>": 256}, 256)])
def test_the_token_that_ends_a_text(special, end, tmp_path, rng):
    tokenizer = None if special is None else BPETokenizer([], special=special)
    gpt2.save(tmp_path, GPT(Config(V, BLOCK, 1, 1, WIDTH), rng=rng), tokenizer)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config["bos_token_id"] == config["eos_token_id"] == end


def test_a_model_of_characters_out_and_back(tmp_path, rng):
    """Also where a model of byte pairs was before, whose files then mean nothing."""
    text = "né\n\"\U0001f408\u2028"
    characters, pairs = CharTokenizer(text), BPETokenizer([])
    for tokenizer in (pairs, characters, pairs):
        model = GPT(Config(len(tokenizer), BLOCK, 1, 1, WIDTH), rng=rng)
        gpt2.save(tmp_path, model, tokenizer)
        again, found = gpt2.load(tmp_path)
        assert type(found) is type(tokenizer) and len(found) == len(tokenizer)
        assert found.encode(text).tolist() == tokenizer.encode(text).tolist()
        assert np.array_equal(again.state_dict()["token.weight"],
                              model.state_dict()["token.weight"])


@pytest.mark.parametrize("characters", ["ba", "aab", 3, ["a"], None, "ab" * 200])
def test_characters_that_are_no_vocabulary(characters, tmp_path, rng):
    write(tmp_path, random_arrays(rng), {**CONFIG, "characters": characters})
    with pytest.raises(ValueError, match="config.json: characters must be a str .* code points"):
        gpt2.load(tmp_path)
    write(tmp_path, random_arrays(rng), {
        **CONFIG, "characters": "".join(map(chr, range(50, 51 + V)))})
    with pytest.raises(ValueError, match="301 tokens and the model 300; they do not belong"):
        gpt2.load(tmp_path)
