"""The command line of a demo: the same options for all, and one for each of its settings."""
import argparse
import difflib
import math
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tinygen.backend import INSTALL_HINTS
from tinygen.files import open_locked, remove_locked

OWN_FILE = "FILE.npz"  # in a demo's `data`: it also takes images from the user's own file
OWN_TEXT = "FILE.txt"  # the same for text, from any file in UTF-8
SAMPLE = "--sample"
OWN = {OWN_FILE: "the path of an .npz file with arrays x and y",
       OWN_TEXT: "the path of a text file"}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and exits with status 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}; --help lists the options\n")


class BadOption(ValueError):
    """A bad value of an option that only shows once the demo is at work."""


def demo_parser(name, description, presets, data, sampler=None):
    """The parser of demo `name`. A setting that the command line does not give is None."""
    parser = new_parser(f"python -m demos {name}", description)
    parser.add_argument("--preset", choices=list(presets), default="default",
                        help="a set of settings; the options below change single settings")
    for setting, value in presets["default"].items():
        add_setting(parser, setting, value, ", ".join(
            f"{preset}: {changes[setting]}" for preset, changes in presets.items()
            if setting in changes))
    if data:
        parser.add_argument("--data", type=_data_name(data), default=data[0],
                            help=f"{', '.join(data)}; default: {data[0]}")
    parser.add_argument("--strict", action="store_true",
                        help="exit with status 1 if a number is outside its limit")
    parser.set_defaults(resume=False)
    if "steps" in presets["default"]:
        parser.add_argument("--resume", action="store_true",
                            help="continue from the checkpoint in --out")
    if sampler:
        parser.add_argument(SAMPLE, action="store_true",
                            help="train nothing: samples of the model in --out; with --help: how")
    add_common(parser, name, "folder for the results")
    return parser


def sample_parser(name, description, settings):
    """The parser of `name --sample`, which takes these settings and none of those of training."""
    parser = new_parser(f"python -m demos {name} {SAMPLE}", description)
    parser.add_argument(SAMPLE, action="store_true", help=argparse.SUPPRESS)
    for setting, value in settings.items():
        add_setting(parser, setting, value, f"default: {value!r}")
    add_common(parser, name, "folder of the run that trained the model")
    return parser


def new_parser(prog, description):
    return Parser(prog=prog, description=description, allow_abbrev=False,
                  formatter_class=argparse.RawDescriptionHelpFormatter)


def option(setting):
    """The option that changes a setting: --code-size for code_size."""
    return "--" + setting.replace("_", "-")


def add_setting(parser, setting, value, help):
    """An option for the setting whose default is `value`; None if it is not given."""
    parser.add_argument(option(setting), help=help.replace("%", "%%"), **_kind(setting, value))


def add_common(parser, name, out):
    """The options that training and sampling have in common."""
    parser.add_argument("--seed", type=whole_number(0), default=0,
                        help="same seed, same machine: same result")
    parser.add_argument("--out", type=Path, default=Path("out", name), help=out)
    parser.add_argument("--backend", choices=list(INSTALL_HINTS),
                        help="the array library to compute with")
    parser.add_argument("--show", action="store_true", help="also open the figures at the end")


def check_positive(settings, *names):
    """Raise ValueError unless each of the named settings is above 0 and finite."""
    for name in names:
        value = getattr(settings, name)
        if not 0 < value < math.inf:
            raise ValueError(f"{option(name)} is finite and above 0; got {value}")


def check_not_negative(settings, *names):
    """Raise ValueError unless each of the named settings is at least 0 and finite."""
    for name in names:
        value = getattr(settings, name)
        if not 0 <= value < math.inf:
            raise ValueError(f"{option(name)} is finite and at least 0; got {value}")


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

    The folders that were made are removed again if nothing was saved in them. Raises ValueError if
    it cannot be written to, or if another run is at work there.
    """
    missing = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
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
        with suppress(OSError):  # of a folder that is not empty
            for each in missing:
                each.rmdir()


def closest(name, names):
    """The one of `names` that `name` is most likely a slip of, or None."""
    return next(iter(difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)), None)


def _data_name(data):
    """What --data accepts: a name or, if `data` has a word for one, the path of a file."""
    own = next((word for word in OWN if word in data), None)
    names = [name for name in data if name != own]

    def name_or_path(text):
        if text in names or (own and Path(text).expanduser().exists()):
            return text
        close = closest(text, names)
        raise argparse.ArgumentTypeError(
            f"there is no data set{' or file' if own else ''} {text!r}: "
            f"{f'did you mean {close}? ' if close else ''}choose one of {', '.join(names)}"
            f"{f', or give {OWN[own]}' if own else ''}")

    return name_or_path


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
