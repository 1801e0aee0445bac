"""The tables of wrong calls, together: at least 250, and a row for every name that users call."""
import inspect
from pathlib import Path

import pytest

import tinygen as tg
from demos.common.catalogue import find_demos
from models import autoencoder, gan, gpt, gpt2, parts, transformer, vae
from tests.demos.common import test_wrong_calls as of_demos
from tests.helpers import public_ops
from tests.models import test_wrong_calls as of_models
from tests.tinygen import test_errors as of_ops
from tests.tinygen import test_wrong_calls as of_tinygen
from tinygen import checkpoint, data, nn, optim, safetensors

TABLES = of_ops, of_tinygen, of_models, of_demos
SOURCE = "".join(Path(table.__file__).read_text(encoding="utf-8").partition("\nROWS = [")[2]
                 for table in TABLES)
MODULES = {"tg": tg, "nn": nn, "nn.init": nn.init, "optim": optim, "data": data,
           "checkpoint": checkpoint, "safetensors": safetensors, "parts": parts,
           "autoencoder": autoencoder, "vae": vae, "gan": gan, "gpt": gpt,
           "transformer": transformer, "gpt2": gpt2}
CLASSES = (tg.Tensor, nn.Module, nn.ModuleList, nn.KeyValueCache, optim.Optimizer,
           data.CharTokenizer, data.BPETokenizer)
WITHOUT = {  # name -> why no call of it is wrong
    "tg.to_numpy": "takes whatever NumPy makes an array of",
    "data.Images": "is made by load_images", "nn.init.Mode": "is undrawn's own",
    "autoencoder.Autoencoder": "a base class", "vae.VAE": "a base class",
    "gan.Generator": "a base class", "gan.Discriminator": "a base class",
    "parts.start_dark": "is given the models' own last layers",
    "parts.check_network": "is called by every network's constructor",
    "gpt.sample_tokens": "its settings are generate's, checked there once for all tokens",
    "gpt.candidates": "is sample_tokens' own",
}


def own(module):
    """{name: function or class} that a module offers to its users."""
    package = module.__name__.partition(".")[0]
    whole = hasattr(module, "__path__")  # a package offers what its files define
    return {name: value for name, value in vars(module).items()
            if callable(value) and not name.startswith("_") and not inspect.ismodule(value)
            and getattr(value, "__module__", "").startswith(package if whole else module.__name__)}


def takes_something(function):
    """True if there are arguments that a caller could get wrong."""
    return any(name != "self" for name in inspect.signature(function).parameters)


NAMES = [(f"{module}.{name}", value) for module in MODULES
         for name, value in own(MODULES[module]).items() if name not in public_ops()]


def test_there_are_enough():
    assert sum(len(table.ROWS) for table in TABLES) >= 250


def test_every_op_has_a_row():
    assert set(public_ops()) - {row[0] for row in of_ops.ROWS} == set()


@pytest.mark.parametrize("name, value", NAMES, ids=[name for name, _ in NAMES])
def test_every_name_has_a_row(name, value):
    known = name in WITHOUT or f"{name}(" in SOURCE or f"{name}," in SOURCE  # in a list of several
    assert known or not takes_something(value), f"no row has {name}(...)"


@pytest.mark.parametrize("cls", CLASSES)
def test_every_method_has_a_row(cls):
    missing = [name for name, value in inspect.getmembers(cls, inspect.isroutine)
               if not name.startswith("_") and name != "forward"  # which is module(...)
               and takes_something(value) and f".{name}(" not in SOURCE]
    assert missing == []


def test_every_demo_has_a_row():
    demos = {name for names in find_demos().values() for name in names}
    assert demos - {row[0] for row in of_demos.ROWS} == set()


def test_reasons_are_for_names_that_exist():
    assert WITHOUT.keys() <= {name for name, _ in NAMES}
