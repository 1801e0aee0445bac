"""The command line of a demo: the same options for all, and one for each of its settings."""
import argparse
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tinygen.backend import INSTALL_HINTS
from tinygen.files import open_locked, remove_locked

OWN_FILE = "FILE.npz"  # in a demo's `data`: it also takes images from the user's own file
OWN_TEXT = "FILE.txt"  # the same for text, from any file in UTF-8


class DataNames(tuple):
    """The names that --data accepts; with OWN_FILE or OWN_TEXT among them, also any such path."""

    def __contains__(self, name):
        known = super().__contains__
        return (known(name) or (known(OWN_FILE) and name.endswith(".npz"))
                or (known(OWN_TEXT) and ("." in name or Path(name).exists())))


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with status 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}; --help lists the options\n")


class BadOption(ValueError):
    """A bad value of an option that only shows once the demo is at work."""


def demo_parser(name, description, presets, data):
    """The parser of demo `name`. A setting that the command line does not give is None."""
    parser = Parser(prog=f"python -m demos {name}", description=description, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=list(presets), default="default",
                        help="a set of settings; the options below change single settings")
    for setting, value in presets["default"].items():
        values = [f"{preset}: {changes[setting]}" for preset, changes in presets.items()
                  if setting in changes]
        parser.add_argument("--" + setting.replace("_", "-"), help=", ".join(values),
                            **_kind(setting, value))
    parser.add_argument("--seed", type=whole_number(0), default=0,
                        help="same seed, same machine: same result")
    if data:
        parser.add_argument("--data", choices=DataNames(data), default=data[0],
                            help=f"default: {data[0]}")
    parser.add_argument("--out", type=Path, default=Path("out", name),
                        help="folder for the results")
    parser.set_defaults(resume=False)
    if "steps" in presets["default"]:
        parser.add_argument("--resume", action="store_true",
                            help="continue from the checkpoint in --out")
    parser.add_argument("--backend", choices=list(INSTALL_HINTS),
                        help="the array library to compute with")
    parser.add_argument("--show", action="store_true", help="also open the figures at the end")
    return parser


def check_positive(settings, *names):
    """Raise ValueError unless each of the named settings is above 0."""
    for name in names:
        value = getattr(settings, name)
        if not value > 0:
            raise ValueError(f"--{name.replace('_', '-')} is above 0; got {value}")


def check_not_negative(settings, *names):
    """Raise ValueError unless each of the named settings is at least 0."""
    for name in names:
        value = getattr(settings, name)
        if not value >= 0:
            raise ValueError(f"--{name.replace('_', '-')} is at least 0; got {value}")


def make_writable(folder):
    """Make `folder` if it is missing. Raises ValueError if it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(f"--out: cannot write to {folder} ({error.strerror}); "
                         "give another folder") from error


@contextmanager
def reserved(folder):
    """Keep `folder`, made if it is missing, from other runs for the time of a with block.

    Raises ValueError if it cannot be written to, or if another run is at work there.
    """
    make_writable(folder)
    path = folder / ".lock"
    file = open_locked(path, "ab")
    if not file:
        raise ValueError(f"--out: another run is writing to {folder}; wait until it ends, or give "
                         "another folder")
    try:
        yield
    finally:
        remove_locked(path, file)


def _kind(setting, value):
    """How argparse is to read a setting whose default is `value`."""
    if isinstance(value, bool):
        return {"action": argparse.BooleanOptionalAction}
    if isinstance(value, (tuple, list)):
        return {"type": type(value[0]), "nargs": "+", "metavar": setting.upper()}
    return {"type": whole_number(1) if setting == "steps" else type(value)}


def whole_number(minimum):
    def int_(text):
        if int(text) < minimum:
            raise argparse.ArgumentTypeError(f"must be at least {minimum}; got {text}")
        return int(text)

    int_.__name__ = "int"  # the type's name in argparse's message
    return int_
