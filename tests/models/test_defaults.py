"""What the sizes and settings of the models are if you leave them out."""
from models import autoencoder, gan, gpt, gpt2, transformer, vae
from tests.helpers import defaults


def test_defaults_of_autoencoders():
    assert defaults(autoencoder) == {
        "Config": {"code_size": 16, "size": 28, "in_channels": 1, "out_channels": 1},
        "DenseAutoencoder": {"config": autoencoder.Config(), "hidden": (512, 256)},
        "ConvAutoencoder": {"config": autoencoder.Config(), "channels": (32, 64), "hidden": 256},
        "PoolAutoencoder": {"config": autoencoder.Config(), "channels": (32, 16)},
    }


def test_defaults_of_vaes():
    assert defaults(vae) == {
        "Config": {"latent_size": 20, "size": 28, "channels": 1, "classes": 0, "beta": 1.0},
        "DenseVAE": {"config": vae.Config(), "hidden": 400},
        "ConvVAE": {"config": vae.Config(), "channels": (32, 64), "hidden": 256},
    }


def test_defaults_of_gans():
    assert defaults(gan) == {
        "Config": {"latent_size": 64, "shape": (1, 28, 28), "classes": 0, "pack": 1,
                   "minibatch_features": 0, "spectral_norm": False, "batch_norm": False},
        "MLPGenerator": {"config": gan.Config(), "hidden": (128, 128)},
        "DCGenerator": {"config": gan.Config(), "channels": (128, 64), "hidden": 0},
        "MLPDiscriminator": {"config": gan.Config(), "hidden": (128, 128)},
        "DCDiscriminator": {"config": gan.Config(), "channels": (64, 128), "hidden": 0},
    }


def test_defaults_of_language_models():
    assert defaults(gpt, gpt2) == {
        "Config": {"block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128, "dropout": 0.0,
                   "bias": True, "tied": False},
        "Block": {"dropout": 0.0, "bias": True, "causal": True, "cross": False},
        "FeedForward": {"dropout": 0.0, "bias": True},
        "generate": {"temperature": 1.0, "cache": True},
    }
    assert defaults(transformer) == {
        "Config": {"max_length": 32, "n_layer": 2, "n_head": 4, "n_embd": 64, "dropout": 0.0}}
    assert (transformer.PAD, transformer.START, transformer.STOP) == (0, 1, 2)
