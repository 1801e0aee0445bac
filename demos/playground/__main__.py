"""The playground: draw, move, ask, and the models answer, live in your browser.

    python -m demos playground                    opens it; Ctrl-C ends it
    python -m demos playground --data mnist-10k   the models of real MNIST

At the first start the models are trained, while the page is already there: each room opens when its
own are ready. They are kept for the next time.
"""
import argparse
import errno
import os
import sys
import webbrowser
from contextlib import ExitStack
from pathlib import Path

from demos.common.catalogue import load_demo
from demos.common.options import OWN_FILE, OWN_TEXT, Parser, whole_number
from demos.common.progress import replace_unprintable
from demos.exercises.folder import Folder
from demos.exercises.train import put_in
from demos.playground.measure import measure
from demos.playground.models import Models
from demos.playground.recipes import TITLES, Choice, Data
from demos.playground.rooms import all_rooms
from demos.playground.server import Server
from tinygen.backend import INSTALL_HINTS, use_backend
from tinygen.data import IMAGES, TEXTS

PROG = "python -m demos playground"
PICTURES, WORDS = (*IMAGES, OWN_FILE), (*TEXTS, OWN_TEXT)


def main(argv):
    replace_unprintable()
    parser = Parser(prog=PROG, description=__doc__, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=whole_number(0), default=0, help="default: any free one")
    parser.add_argument("--data", nargs="+", default=[], metavar="NAME",
                        help=f"images ({', '.join(PICTURES)}), text ({', '.join(WORDS)}), or both")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="of the models")
    parser.add_argument("--preset", default="tour",
                        help="of the demos that train the models; default: tour")
    parser.add_argument("--retrain", action="store_true", help="train the models anew")
    parser.add_argument("--with", dest="exercises", type=Path, metavar="DIR",
                        help="compute with the exercises in DIR that have passed")
    parser.add_argument("--measure", action="store_true",
                        help="print how long each answer takes, and end")
    parser.add_argument("--backend", choices=list(INSTALL_HINTS),
                        help="the array library to compute with")
    options = parser.parse_args(argv)
    try:
        if options.backend:
            use_backend(options.backend)
            os.environ["TINYGEN_BACKEND"] = options.backend  # of the process that trains
        choice = chosen(options)
        with ExitStack() as stack:
            yours = put_in(exercises(options.exercises), stack) if options.exercises else []
            return play(choice, options, [found.label for found, _ in yours])
    except (ValueError, ImportError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print()
        return 0


def chosen(options):
    """The Choice of the command line."""
    choice = Choice(seed=options.seed, preset=options.preset)
    if not any(options.preset in load_demo(name).PRESETS for name in TITLES):
        raise ValueError(f"--preset: no demo has a preset {options.preset}; --help of "
                         f"{', '.join(TITLES)} lists theirs")
    for name in options.data:
        if name in IMAGES or name.endswith(".npz"):
            choice = choice._replace(images=name)
        elif name in TEXTS or "." in name:
            choice = choice._replace(text=name)
        else:
            raise ValueError(f"--data: {name} is neither images nor text; images are "
                             f"{', '.join(PICTURES)}, texts are {', '.join(WORDS)}")
    return choice


def exercises(path):
    """The student's folder. Raises ValueError where there is none, or nothing in it has passed."""
    if not path.is_dir():
        raise ValueError(f"--with: there is no folder {path}; python -m demos exercises init "
                         "makes one")
    place = Folder(path)
    if not place.passed():
        raise ValueError(f"--with: no exercise in {path} has passed yet; check one first")
    return place


def play(choice, options, yours):
    """Serve until Ctrl-C, or measure -> exit status.  yours: the exercises that are in use"""
    models = Models(choice, Data(choice))
    with opened(all_rooms(), models, options.port) as server:
        server.yours = yours
        models.begin(options.retrain)
        try:
            if options.measure:
                models.wait()
                return measure(server)
            print(f"The playground: {server.url}   (Ctrl-C ends it)", flush=True)
            if not options.no_browser and not webbrowser.open(server.url):
                print("No browser was found; open this address in one.", flush=True)
            server.serve_forever()
        finally:
            models.end()


def opened(rooms, models, port):
    """The Server. Raises ValueError where the port is not to be had."""
    try:
        return Server(rooms, models, port)
    except (OSError, OverflowError) as error:
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        raise ValueError(f"--port: {port} {'is taken' if taken else f'cannot be used ({error})'}; "
                         "give another, or leave it out") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
