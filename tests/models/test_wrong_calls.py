"""Wrong calls of the models: each is one error that says who complains, and changes nothing."""
import math
from functools import partial

import pytest

from models import autoencoder, gan, gpt, gpt2, parts, transformer, vae
from tests.helpers import assert_least, assert_refused, floats, ints, t
from tinygen import nn
from tinygen.backend import np, xp
from tinygen.data import BPETokenizer

RNG = np.random.default_rng(0)
SMALL = autoencoder.Config(code_size=4, size=8)
DENSE_AE = autoencoder.DenseAutoencoder(SMALL, (6,), rng=RNG)
CONV_AE = autoencoder.ConvAutoencoder(SMALL, (2, 3), 6, rng=RNG)
POOL_AE = autoencoder.PoolAutoencoder(SMALL, (3, 2), rng=RNG)
PLAIN, LABELLED = vae.Config(4, 8), vae.Config(4, 8, classes=3)
DENSE_VAE = vae.DenseVAE(PLAIN, 6, rng=RNG)
CONV_VAE = vae.ConvVAE(PLAIN, (2, 3), 6, rng=RNG)
CLASS_VAE = vae.DenseVAE(LABELLED, 6, rng=RNG)
GAN = gan.Config(4, (1, 8, 8))
MLP_G, MLP_D = gan.MLPGenerator(GAN, (6,), rng=RNG), gan.MLPDiscriminator(GAN, (6,), rng=RNG)
DC_G, DC_D = gan.DCGenerator(GAN, (3, 2), rng=RNG), gan.DCDiscriminator(GAN, (2, 3), rng=RNG)
CLASS_G = gan.MLPGenerator(gan.Config(4, (2,), classes=3), (6,), rng=RNG)
PACK_D = gan.MLPDiscriminator(gan.Config(4, (2,), pack=2), (6,), rng=RNG)
NORM_D = gan.DCDiscriminator(gan.Config(4, (1, 8, 8), batch_norm=True), (2, 3), rng=RNG)
TINY = gpt.Config(300, block_size=4, n_layer=1, n_head=2, n_embd=4)
GPT, BIGRAM = gpt.GPT(TINY, rng=RNG), gpt.Bigram(5, rng=RNG)
BLOCK, CROSS = gpt.Block(4, 2, rng=RNG), gpt.Block(4, 2, cross=True, rng=RNG)
PAIRS = transformer.Config(6, 6, max_length=5, n_layer=1, n_head=2, n_embd=4)
TRANSFORMER = transformer.Transformer(PAIRS, rng=RNG)
ALL = {name: value for name, value in list(globals().items()) if isinstance(value, nn.Module)}
IMAGES, SOURCE = floats(2, 1, 8, 8), ints(2, 3, value=4)


def state(folder):
    """All that the calls below could change by mistake."""
    return {"rng": RNG.bit_generator.state, "files": sorted(folder.glob("**/*")),
            **{name: [model.state_dict(), [part.training for _, part in model.named_modules()]]
               for name, model in ALL.items()}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(model, ids=ints(1, 2), number=2, **settings):
    """All tokens of `generate`."""
    return list(gpt.generate(model, ids, number, **{"rng": RNG, **settings}))


GENERATOR = r"rng must be a numpy.random.Generator, got .*use np.random.default_rng\(seed\)"
ARRAYS = "takes Tensors or arrays, got"


def twice(f, *inputs):
    return [f(*inputs) for _ in range(2)]


def configs(who, config, *rows, **needed):
    """A row for each setting that a Config refuses: (name, value)."""
    return [(who, lambda name=name, value=value: config(**{**needed, name: value}),
             TypeError if isinstance(value, str) and name in ("dropout", "tied") else ValueError,
             name if name != "size" else "size|multiple of 4") for name, value in rows]


# (who complains, the call, the error, words of its message)
ROWS = [
    # parts
    ("with_class", lambda: parts.with_class(2.0, None, 0), TypeError, ARRAYS),
    ("with_class", lambda: parts.with_class(floats(1, 8, 8), None, 0), ValueError,
     r"\(N, d\) or \(N, C, H, W\), got shape \(1, 8, 8\); a single example needs x\[None\]"),
    ("noise", lambda: parts.noise(0, 4, rng=RNG), ValueError, "count .* got 0"),
    ("noise", lambda: parts.noise(3, 4, rng=0), TypeError, GENERATOR),
    ("interpolate_codes", lambda: parts.interpolate_codes([1.0], [2.0], 3), TypeError, ARRAYS),
    ("Linear", lambda: parts.dense([3, 0], RNG), ValueError, "out_features .* got 0"),
    ("Conv2d", lambda: parts.down(0, 2, RNG), ValueError, "in_channels .* got 0"),
    ("ConvTranspose2d", lambda: parts.up(1, 2.5, RNG), ValueError, "out_channels .* got 2.5"),
    ("GAN", lambda: parts.check_halves("GAN", 30), ValueError, "multiple of 4, got 30"),
    # autoencoders
    *configs("autoencoder", autoencoder.Config, ("code_size", 0), ("code_size", 2.0), ("size", 30),
             ("in_channels", -1), ("out_channels", "3"), ("size", 0)),
    ("DenseAutoencoder", lambda: autoencoder.DenseAutoencoder(16, rng=RNG), TypeError,
     "takes a models.autoencoder.Config, got int 16"),
    ("DenseAutoencoder", lambda: autoencoder.DenseAutoencoder(SMALL, 256, rng=RNG), TypeError,
     "hidden must be a tuple of any number of sizes, got int 256"),
    ("ConvAutoencoder", lambda: autoencoder.ConvAutoencoder(SMALL, 32, rng=RNG), TypeError,
     "channels must be a tuple of 2 sizes, got int 32"),
    ("ConvAutoencoder", lambda: autoencoder.ConvAutoencoder(SMALL, (1, 2, 3), rng=RNG), TypeError,
     "got tuple"),
    ("PoolAutoencoder", lambda: autoencoder.PoolAutoencoder(SMALL, (1, 2, 3), rng=RNG), TypeError,
     "got tuple"),
    ("PoolAutoencoder", lambda: autoencoder.PoolAutoencoder(SMALL, (32, 0), rng=RNG), ValueError,
     r"channels\[1\] .* got 0"),
    ("init.uniform", lambda: autoencoder.DenseAutoencoder(SMALL, rng=0), TypeError, GENERATOR),
    ("Flatten", lambda: DENSE_AE(2.0), TypeError, ARRAYS),
    ("linear", lambda: DENSE_AE(floats(2, 1, 9, 9)), ValueError, r"x \(2, 81\)"),
    ("conv2d", lambda: CONV_AE(floats(1, 8, 8)), ValueError, r"x\[None\]"),
    ("conv2d", lambda: CONV_AE(floats(2, 3, 8, 8)), ValueError, "1 input channels"),
    ("linear", lambda: CONV_AE.decode(floats(2, 5)), ValueError, r"x \(2, 5\)"),
    ("conv2d", lambda: POOL_AE([1.0]), TypeError, "got list"),
    ("PoolAutoencoder", lambda: POOL_AE.decode(floats(2, 2, 2, 2), ints(2, 2, 2, 2)), TypeError,
     "the indices of both poolings, as encode returns them, got ndarray"),
    ("PoolAutoencoder", lambda: POOL_AE.decode(floats(2, 2, 2, 2), (ints(2, 2, 2, 2),)), TypeError,
     "the indices of both poolings, as encode returns them, got tuple"),
    ("mse", lambda: autoencoder.loss(CONV_AE, IMAGES, floats(2, 3, 8, 8)), ValueError,
     "must have the same shape"),
    ("interpolate_codes", lambda: autoencoder.interpolate(CONV_AE, floats(4), floats(5), 3),
     ValueError, r"same shape, got \(4,\) and \(5,\)"),
    ("interpolate_codes", lambda: autoencoder.interpolate(CONV_AE, floats(4), 0.0, 3), TypeError,
     ARRAYS),
    ("interpolate_codes", lambda: autoencoder.interpolate(CONV_AE, floats(4), floats(4), 2.5),
     ValueError, "steps .* got 2.5"),
    ("sample", lambda: autoencoder.sample(CONV_AE, floats(1, 4), 3, rng=RNG), ValueError,
     r"\(M, code_size\), two or more, got shape \(1, 4\)"),
    ("sample", lambda: autoencoder.sample(CONV_AE, floats(4), 3, rng=RNG), ValueError,
     r"two or more, got shape \(4,\)"),
    ("sample", lambda: autoencoder.sample(CONV_AE, floats(9, 4), 0, rng=RNG), ValueError, "count"),
    ("sample", lambda: autoencoder.sample(CONV_AE, floats(9, 4), 3, rng=3), TypeError, GENERATOR),
    # VAEs
    *configs("VAE", vae.Config, ("latent_size", 0), ("latent_size", 2.0), ("channels", -1),
             ("size", 30), ("size", 0), ("classes", -1), ("classes", True), ("beta", -0.5),
             ("beta", math.nan), ("beta", math.inf), ("beta", "high")),
    ("DenseVAE", lambda: vae.DenseVAE(SMALL, rng=RNG), TypeError, "a models.vae.Config, got Conf"),
    ("Linear", lambda: vae.DenseVAE(PLAIN, (400,), rng=RNG), ValueError, "out_features .* tuple"),
    ("ConvVAE", lambda: vae.ConvVAE(PLAIN, (1, 2, 3), rng=RNG), TypeError, "got tuple"),
    ("ConvVAE", lambda: vae.ConvVAE(PLAIN, None, rng=RNG), TypeError, "channels .* got NoneType"),
    ("Flatten", lambda: DENSE_VAE(0.5, floats(2, 4)), TypeError, "got float 0.5"),
    ("with_class", lambda: CONV_VAE(floats(1, 8, 8), floats(2, 4)), ValueError, r"x\[None\]"),
    ("conv2d", lambda: CONV_VAE(floats(2, 3, 8, 8), floats(2, 4)), ValueError, "1 input channels"),
    ("linear", lambda: DENSE_VAE.decode(floats(2, 5)), ValueError, r"x \(2, 5\)"),
    ("with_class", lambda: DENSE_VAE.encode(IMAGES, ints(2)), ValueError,
     "a model of 0 classes was given labels; classes=0 in its Config makes it unconditional"),
    ("with_class", lambda: CLASS_VAE.encode(IMAGES), ValueError, "any other number needs labels"),
    ("one_hot", lambda: CLASS_VAE.encode(IMAGES, ints(2, value=3)), ValueError, "from 0 to 2"),
    ("one_hot", lambda: CLASS_VAE.decode(floats(2, 4), floats(2)), TypeError, "integer array"),
    ("concatenate", lambda: CLASS_VAE.encode(IMAGES, ints(1)), ValueError, "agree in all axes"),
    ("reparameterize", lambda: vae.reparameterize(t(2, 4), t(2, 4), 1.0), TypeError, ARRAYS),
    ("reparameterize", lambda: vae.reparameterize(t(2, 4), t(2, 4), floats(4)), ValueError,
     r"must have the same shape, got \(2, 4\), \(2, 4\), \(4,\)"),
    ("reparameterize", lambda: vae.loss(CONV_VAE, IMAGES, floats(1, 4)), ValueError, "same shape"),
    ("bce_with_logits", lambda: vae.loss(CONV_VAE, IMAGES * 255, floats(2, 4)), ValueError,
     "from 0 to 1, .* divide pixels"),
    ("bce_with_logits", lambda: vae.elbo_terms(DENSE_VAE, floats(2, 64), floats(2, 4)), ValueError,
     r"same shape, got \(2, 1, 8, 8\) and \(2, 64\)"),
    ("linear", lambda: vae.generate(DENSE_VAE, floats(2, 5)), ValueError, r"x \(2, 5\)"),
    ("with_class", lambda: vae.reconstruct(CONV_VAE, 3), TypeError, ARRAYS),
    ("noise", lambda: vae.sample(DENSE_VAE, 2.5, rng=RNG), ValueError, "count .* got 2.5"),
    ("noise", lambda: vae.sample(DENSE_VAE, 2, rng=0), TypeError, GENERATOR),
    # GANs
    *configs("GAN", gan.Config, ("latent_size", 0), ("latent_size", 2.5), ("pack", 0),
             ("classes", -1), ("shape", (1, 28)), ("shape", (0,)), ("shape", 2),
             ("minibatch_features", -1)),
    ("GAN", lambda: gan.Config(spectral_norm="yes"), TypeError, "spectral_norm .* got str 'yes'"),
    ("MLPGenerator", lambda: gan.MLPGenerator(GAN, 128, rng=RNG), TypeError, "hidden .* int 128"),
    ("MLPDiscriminator", lambda: gan.MLPDiscriminator(None, rng=RNG), TypeError,
     "takes a models.gan.Config, got NoneType"),
    ("MLPDiscriminator", lambda: gan.MLPDiscriminator(GAN, 128, rng=RNG), TypeError,
     "hidden .* int 128"),
    ("DCGenerator", lambda: gan.DCGenerator(GAN, (3,), rng=RNG), TypeError, "tuple of 2 sizes"),
    ("DCDiscriminator", lambda: gan.DCDiscriminator(GAN, (1, 2, 3), rng=RNG), TypeError,
     "channels must be a tuple of 2 sizes"),
    ("GAN", lambda: gan.DCGenerator(gan.Config(3, (2,)), rng=RNG), ValueError,
     r"need images, shape \(C, H, W\), got \(2,\)"),
    ("GAN", lambda: gan.DCDiscriminator(gan.Config(3, (1, 28, 30)), rng=RNG), ValueError,
     "multiple of 4, got 30"),
    ("GAN", lambda: gan.image_shape(gan.Config(3, (1, 30, 28))), ValueError, "of 4, got 30"),
    ("GAN", lambda: gan.DCDiscriminator(GAN, hidden=-1, rng=RNG), ValueError, "hidden .* got -1"),
    ("GAN", lambda: gan.image_shape(gan.Config(3, (2,))), ValueError, "points are for MLPGen"),
    ("with_class", lambda: MLP_G(floats(4)), ValueError, r"got shape \(4,\)"),
    ("linear", lambda: DC_G(floats(2, 5)), ValueError, r"x \(2, 5\)"),
    ("with_class", lambda: CLASS_G(floats(2, 4)), ValueError, "was given no labels; classes=0 in"),
    ("Flatten", lambda: MLP_D(2.0), TypeError, ARRAYS),
    ("linear", lambda: MLP_D(floats(2, 3)), ValueError, r"x \(2, 3\)"),
    ("with_class", lambda: DC_D(floats(1, 8, 8)), ValueError, r"x\[None\]"),
    ("GAN", lambda: PACK_D(floats(5, 2)), ValueError, "multiple of 2, got 5"),
    ("GAN", lambda: gan.packed(floats(5, 2), 2), ValueError, "multiple of 2, got 5"),
    *[("mean", lambda loss=loss, count=count: loss(*[t(0)] * count), ValueError, "nothing to aver")
      for loss, count in ((gan.game_value, 2), (gan.discriminator_loss, 2),
                          (gan.saturating_loss, 1), (gan.non_saturating_loss, 1),
                          (gan.least_squares_discriminator_loss, 2), (gan.least_squares_loss, 1),
                          (gan.critic_loss, 2), (gan.wasserstein_loss, 1))],
    ("gradient_penalty", lambda: gan.gradient_penalty(MLP_D, IMAGES, IMAGES[:1], rng=RNG),
     ValueError, r"same shape, got \(2, 1, 8, 8\) and \(1, 1, 8, 8\)"),
    ("gradient_penalty", lambda: gan.gradient_penalty(MLP_D, 1.0, IMAGES, rng=RNG), TypeError,
     ARRAYS),
    ("gradient_penalty", lambda: gan.gradient_penalty(NORM_D, IMAGES, IMAGES, rng=RNG), ValueError,
     "depends on the batch; use a Config without batch_norm"),
    ("gradient_penalty", lambda: gan.gradient_penalty(MLP_D, IMAGES, IMAGES, rng=0), TypeError,
     GENERATOR),
    ("noise", lambda: gan.sample(DC_G, -1, rng=RNG), ValueError, "count .* got -1"),
    ("noise", lambda: gan.sample(DC_G, 2, rng=None), TypeError, GENERATOR),
    # GPT
    *configs("GPT", gpt.Config, ("vocab_size", 0), ("block_size", 0), ("n_layer", -1),
             ("n_head", 3), ("n_embd", 2.0), ("dropout", 1.0), ("dropout", "no"), ("tied", "no"),
             vocab_size=5),
    ("GPT", lambda: gpt.check_blocks("GPT", 1, 3, 4, 0.0), ValueError, "n_head must divide n_embd"),
    ("GPT", lambda: gpt.check_ids("GPT", ints(3)), ValueError, r"needs ids\[None\]"),
    ("generate", lambda: gpt.check_sampling(-1, None, None), ValueError, "temperature"),
    ("GPT", lambda: gpt.GPT(65, rng=RNG), TypeError, "takes a models.gpt.Config, got int 65"),
    ("GPT", lambda: GPT(ints(3)), ValueError, r"ids must be \(B, T\) .* ids\[None\]"),
    ("GPT", lambda: GPT(ints(1, 0)), ValueError, "at least one token"),
    ("GPT", lambda: GPT([[1, 2]]), TypeError, ARRAYS),
    ("GPT", lambda: GPT(ints(1, 9)), ValueError, "context is at most 4 tokens, got 9; keep"),
    ("embedding", lambda: GPT(ints(1, 2, value=300)), ValueError, "from 0 to 299"),
    ("embedding", lambda: GPT(floats(1, 2)), TypeError, "integer array"),
    ("GPT", lambda: GPT.next_logits(ints(1, 2), True), TypeError, "KeyValueCache.* got bool"),
    ("GPT", lambda: twice(GPT.next_logits, ints(1, 3), nn.KeyValueCache(4)),
     ValueError, "context is at most 4 tokens, got 6; keep"),
    ("Embedding", lambda: gpt.Bigram(0, rng=RNG), ValueError, "num_embeddings .* got 0"),
    ("Bigram", lambda: BIGRAM.next_logits(ints(2)), ValueError, r"ids\[None\]"),
    ("Linear", lambda: gpt.FeedForward(0, rng=RNG), ValueError, "in_features .* got 0"),
    ("MultiHeadAttention", lambda: gpt.Block(4, 3, rng=RNG), ValueError, "num_heads must divide"),
    ("Block", lambda: CROSS(t(1, 2, 4)), ValueError, "a block without a source .* cross=True"),
    ("Block", lambda: BLOCK(t(1, 2, 4), t(1, 3, 4)), ValueError, "with a source .* cross=False"),
    ("init.normal", lambda: gpt.initialise(BLOCK, 1, 0), TypeError, GENERATOR),
    ("cross_entropy", lambda: gpt.loss(GPT, ints(1, 3), ints(1, 2)), ValueError, "need labels"),
    ("cross_entropy", lambda: gpt.loss(GPT, ints(1, 3), floats(1, 3)), TypeError, "labels must be"),
    *[("generate", lambda settings=settings: written(BIGRAM, **settings), ValueError, words)
      for settings, words in [
        ({"temperature": -0.1}, "temperature must be .* got -0.1"),
        ({"temperature": math.nan}, "temperature"), ({"temperature": "hot"}, "temperature .* 'hot"),
        ({"top_k": 0}, "top_k .* got 0"), ({"top_k": 1.5}, "top_k"), ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.5}, "top_p .* got 1.5"), ({"top_p": "all"}, "top_p .* got 'all'"),
        ({"number": 2.5}, "count .* got 2.5"), ({"number": -1}, "count .* got -1"),
        ({"ids": ints(3)}, r"\(B, T\) .* \(3,\)"), ({"ids": ints(1, 0)}, "at least one token")]],
    ("generate", lambda: next(gpt.generate(GPT, [1, 2], 3, rng=RNG)), ValueError, r"shape \(2,\)"),
    ("generate", lambda: written(GPT, rng=0), TypeError, GENERATOR),
    ("generate", lambda: written(GPT, stop="x"), TypeError, "the id of a token, got 'x'; encode"),
    ("generate", lambda: written(GPT, cache=nn.KeyValueCache(4)), TypeError, "cache must be True"),
    ("generate", lambda: written(GPT, stop=-1), TypeError, "the id of a token, got -1"),
    ("embedding", lambda: written(GPT, floats(1, 2)), TypeError, "integer array"),
    # the Transformer
    *configs("Transformer", transformer.Config, ("source_vocab", 3), ("target_vocab", 0),
             ("max_length", 0), ("n_layer", 0), ("n_head", 3), ("n_embd", 1.5), ("dropout", -0.1),
             source_vocab=6, target_vocab=6),
    ("Transformer", lambda: transformer.Transformer(TINY, rng=RNG), TypeError,
     "takes a models.transformer.Config, got Config"),
    ("Embedding", lambda: transformer.Stack(0, PAIRS, causal=True, cross=False, rng=RNG),
     ValueError, "num_embeddings .* got 0"),
    ("Transformer", lambda: TRANSFORMER(ints(3), SOURCE), ValueError, r"ids\[None\]"),
    ("Transformer", lambda: TRANSFORMER(SOURCE, ints(1, 6)), ValueError, "at most 5 tokens, got 6"),
    ("Block", lambda: TRANSFORMER.decode(SOURCE, None, None), ValueError, "without a source"),
    ("Transformer", lambda: TRANSFORMER.decode(SOURCE, t(2, 3, 4), None, True), TypeError, "cache"),
    ("Transformer", lambda: transformer.loss(TRANSFORMER, SOURCE, ints(3)), ValueError, "ids must"),
    ("Transformer", lambda: transformer.loss(TRANSFORMER, SOURCE, xp.asarray(
        np.array([[transformer.START, transformer.PAD, transformer.PAD]] * 2))), ValueError,
     r"a token after START, got only PAD in shape \(2, 3\)"),
    ("Transformer", lambda: transformer.translate(TRANSFORMER, "text"), TypeError, ARRAYS),
    ("Transformer", lambda: transformer.translate(TRANSFORMER, ints(1, 6)), ValueError, "at most"),
    ("padded", lambda: transformer.padded([]), ValueError, "one or more lists of ids, got list"),
    ("padded", lambda: transformer.padded(3), ValueError, "got int 3"),
    ("padded", lambda: transformer.padded([1, 2]), TypeError, r"got ndarray \(\) int64"),
    ("padded", lambda: transformer.padded([[1.5]]), TypeError, r"got ndarray \(1,\) float64"),
    # GPT-2's files
    ("load", lambda: gpt2.load(None), TypeError, "the path must be text or a pathlib.Path"),
    ("there is no nowhere.config.json", lambda: gpt2.load("nowhere"), FileNotFoundError,
     "a folder with a GPT-2 has config.json"),
    ("save", lambda: gpt2.save("new", BIGRAM), TypeError, "takes a GPT and .*got Bigram"),
    ("save", lambda: gpt2.save("new", GPT, "abc"), TypeError, "its tokenizer, .* str 'abc'"),
    ("save", lambda: gpt2.save(3, GPT, BPETokenizer([])), TypeError, "the path must be text"),
]


@pytest.mark.parametrize("who, call, kind, words", ROWS,
                         ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
def test_wrong_calls(who, call, kind, words, folder):
    assert_refused(who, call, kind, words, lambda: state(folder))


# ---- each setting one below its least value ----

LEAST = {
    autoencoder.Config: {"code_size": 1, "size": 4, "in_channels": 1, "out_channels": 1},
    vae.Config: {"latent_size": 1, "size": 4, "channels": 1, "classes": 0, "beta": 0.0},
    gan.Config: {"latent_size": 1, "classes": 0, "pack": 1, "minibatch_features": 0,
                 "spectral_norm": False, "batch_norm": False},
    partial(gan.DCGenerator, rng=RNG): {"hidden": 0},
    partial(gan.DCDiscriminator, rng=RNG): {"hidden": 0},
    gpt.Config: {"vocab_size": 1, "block_size": 1, "n_layer": 1, "n_head": 1, "n_embd": 1,
                 "dropout": 0.0, "bias": False, "tied": False},
    transformer.Config: {"source_vocab": 4, "target_vocab": 4, "max_length": 1, "n_layer": 1,
                         "n_head": 1, "n_embd": 1, "dropout": 0.0},
    partial(parts.noise, rng=RNG): {"count": 1, "size": 1},
    partial(parts.interpolate_codes, floats(2), floats(2)): {"steps": 1},
    lambda **settings: list(gpt.generate(BIGRAM, ints(1, 2), rng=RNG, **settings)): {
        "count": 0, "temperature": 0.0, "top_k": 1, "stop": 0, "cache": False},
}


@pytest.mark.parametrize("make, least", LEAST.items(),
                         ids=["-".join(least) for least in LEAST.values()])
def test_every_setting_has_its_least_value(make, least):
    assert_least(make, least)
