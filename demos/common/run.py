"""One run of a demo: its settings and seed, its loop's progress, and its result."""
import dataclasses
import functools
import importlib.util
import json
import math
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import tinygen
from demos.common.clock import Clock, reference_times
from demos.common.figures import pyplot
from demos.common.options import SAMPLE, BadOption, demo_parser, reserved
from demos.common.outputs import Outputs
from demos.common.progress import Progress
from demos.common.report import write_run_page
from demos.common.results import FAIL, overall_verdict, summary, title_and_idea
from demos.common.resume import LoopCheckpoint, ctrl_c_waits
from tinygen import checkpoint
from tinygen.backend import backend_name, np, to_numpy, use_backend
from tinygen.files import replacing


@dataclasses.dataclass(frozen=True)
class Demo:
    """What the command line of a demo is made from; see `demo`."""
    name: str
    text: str
    presets: dict
    data: tuple
    loops: Callable

    def settings(self, preset):
        return {**self.presets["default"], **self.presets[preset]}


def one_loop(settings):
    """The work of a demo that goes through one loop, if it has steps at all."""
    return [settings.steps] if hasattr(settings, "steps") else []


def demo(presets, data=(), loops=one_loop):
    """Turn `main(run)` into the command `main(argv)`, which reads options and writes result.json.

    presets: name -> settings. "smoke" and "default" are among the names; the default has all the
    settings, the others only those that they change. Each setting is an option: code=16 gives
    --code. A demo that trains has `steps` among them; without, there is nothing to resume, and no
    run is too short to be judged. data: the names that --data accepts, the default first. loops:
    settings -> how much work each loop is, in the order in which they run and in any unit; what a
    run will take is estimated by it. It has to bear settings that main refuses.

    The command returns the exit status: 0, 1 if training diverged or, with --strict, if a limit was
    missed, 130 after Ctrl-C. Errors before the first step of training come from the options: they
    are reported in one line, with status 2.
    """
    def wrap(main):
        this = Demo(main.__module__.rpartition(".")[2], sys.modules[main.__module__].__doc__,
                    presets, data, loops)

        @functools.wraps(main)
        def command(argv):
            if command.sampler and SAMPLE in argv:
                return command.sampler(argv)
            parser = demo_parser(this.name, this.text, presets, data, command.sampler)
            options = parser.parse_args(argv)
            return execute(main, parser, options, lambda: Run(this, argv, options))

        command.demo, command.sampler = this, None  # see sampling.sampler
        return command
    return wrap


def execute(main, parser, options, make_run):
    """Call main(run) in the folder options.out, and say what came of it -> exit status."""
    run = None
    try:
        with reserved(options.out):
            run = make_run()
            run.announce()
            main(run)
            verdict = run.finish()
            return 1 if options.strict and verdict == FAIL else 0
    except KeyboardInterrupt:
        print(f"\nStopped. {run.how_to_continue() if run else ''}")
        return 130
    except FloatingPointError as error:
        print(f"\n{run.after_divergence(error) if run else error}")
        return 1
    except MemoryError as error:
        parser.exit(2, f"{parser.prog}: error: not enough memory ({error}); give smaller "
                       f"settings\n")
    except BrokenPipeError:
        raise  # nobody reads on: no error of the demo's
    except (ValueError, ImportError, OSError) as error:
        if run and run.step is not None and not isinstance(error, (OSError, BadOption)):
            raise  # a mistake in the code, not in the options: show the traceback
        parser.exit(2, f"{parser.prog}: error: {error}\n")


class Run(Outputs):
    """What `main(run)` works with.

    settings          the preset as changed by the options: run.settings.steps
    is_preset         True if the options changed none of them
    rng               source of all that is random in the demo; its state is in the checkpoint
    data, seed, out   the data set's name, the seed, the folder for results
    history           loop -> metric -> list of (step, value), as logged
    """

    def __init__(self, demo, argv, options):
        preset = demo.settings(options.preset)
        given = {name: value for name, value in vars(options).items()
                 if name in preset and value is not None}
        self.settings = SimpleNamespace(**{**preset, **given})
        self.is_preset = vars(self.settings) == preset
        super().__init__(options.out, long_enough="steps" not in preset or (
            options.preset != "smoke" and self.settings.steps >= preset["steps"]))
        self.name, self.preset, self.seed = demo.name, options.preset, options.seed
        self.data = getattr(options, "data", None)
        self.title, self.idea = title_and_idea(demo.text)
        self.command = shlex.join(["python", "-m", "demos", demo.name, *argv])
        self._show = options.show
        _prepare(options)

        self.rng = np.random.default_rng(self.seed)
        self.history, self.step = {}, None
        self._latest, self._progress, self._loop, self._total = {}, None, None, None
        self._started = time.monotonic()
        same = {name: value for name, value in vars(self.settings).items() if name != "steps"}
        self._checkpoint = LoopCheckpoint(
            self.out, {"demo": self.name, "--data": self.data, "--seed": self.seed, **same},
            self.command.replace(" --resume", ""))
        if options.resume:
            self._started -= self._checkpoint.read()
        else:
            self._checkpoint.check_replaceable()
        self._clock = Clock(reference_times(self.name, self.preset), demo.loops(self.settings),
                            demo.loops(SimpleNamespace(**preset)))
        # The times were taken with the preset's own settings, but for the number of steps.
        self._as_timed = given.keys() <= {"steps"} and self.data in (None, *demo.data[:1])

    def announce(self):
        """Print how long the run will take."""
        taken = time.monotonic() - self._started if self._checkpoint.loops else 0
        if text := self._clock.announcement(taken, self._as_timed):
            print(text, flush=True)

    def steps(self, loop="training", *, total=None, **objects):
        """Yield the number of each step, with progress, checkpoints and `--resume` around it.

        objects: all that changes from step to step; each has state_dict and load_state_dict, or is
        a NumPy Generator. run.rng is added. A demo with several loops gives each its own name and
        makes what a loop trains right before it, so that a resumed run draws the same numbers.
        Ctrl-C waits for the step to end, writes the checkpoint, then raises KeyboardInterrupt.
        Overflow gives no warning: `log` and the checkpoint say it when training diverges.
        """
        total = total or self.settings.steps
        objects["rng"] = self.rng
        self._loop, self._total, self._latest = loop, total, {}
        done, self.history[loop] = self._checkpoint.restore(loop, total, objects)
        self._clock.begin(1 - done / total)
        self._progress = Progress(loop, done, total, self._clock)
        with ctrl_c_waits() as pressed, np.errstate(over="ignore", invalid="ignore"):
            for self.step in range(done, total):
                yield self.step
                done = self.step + 1
                self._progress.show(done, self._latest)
                if pressed or done == total or self._checkpoint.is_due():
                    self._checkpoint.save(loop, done, objects, self.history[loop],
                                          time.monotonic() - self._started)
                if pressed:
                    raise KeyboardInterrupt

    def has_begun(self, loop):
        """Whether a resumed run had come to this loop before it was stopped."""
        return loop in self._checkpoint.loops

    def log(self, **metrics):
        """Show this step's metrics in the progress line, and keep them in `history`.

        Raises FloatingPointError for nan or infinity: training has diverged.
        """
        for name, value in metrics.items():
            value = float(to_numpy(value))
            if not math.isfinite(value):
                raise FloatingPointError(f"{name} is {value}")
            self._latest[name] = value
            self.history[self._loop].setdefault(name, []).append((self.step, value))

    def print(self, text):
        """Print without tearing the live progress line."""
        if self._progress:
            self._progress.clear()
        print(text, flush=True)

    def save_model(self, model):
        """Write what was trained to the output folder as model.npz, for --sample to load."""
        checkpoint.save(self.out / "model.npz", {
            "demo": self.name, "settings": vars(self.settings),
            "config": dataclasses.asdict(model.config), "state": model.state_dict()})

    def finish(self):
        """Write result.json and its page, print its summary, and return its verdict."""
        result = {
            "demo": self.name, "title": self.title, "idea": self.idea, "command": self.command,
            "preset": self.preset, "data": self.data, "seed": self.seed,
            "settings": vars(self.settings), "seconds": round(time.monotonic() - self._started, 1),
            "expected_seconds": round(self._clock.total, 1) if self._clock.known else None,
            "loop_seconds": [round(seconds, 2) for seconds in self._clock.loops],
            "metrics": self._metrics, "verdict": overall_verdict(self._metrics),
            "figures": self._figures, "backend": backend_name(),
            "versions": {"python": platform.python_version(), "numpy": np.__version__,
                         "tinygen": tinygen.__version__}}
        with replacing(self.out / "result.json") as file:
            file.write(json.dumps(result, indent=1).encode())
        write_run_page(self.out, result)
        print(summary(result, self.out))
        if self._figures:
            if self._show:
                pyplot().show()
            pyplot().close("all")
        return result["verdict"]

    def after_divergence(self, error):
        """What happened, what to do, and which checkpoint is left."""
        loop, loops = self._loop, self._checkpoint.loops
        where = f" at step {self.step} of {loop}" if loop else ""
        text = f"Training diverged{where}: {error}. Start again with a smaller learning rate"
        if not loops:
            return text + ". It went wrong before there was anything to save."
        text += " and another --out. "
        if list(loops) == [loop] and self._total == getattr(self.settings, "steps", None):
            done = loops[loop]["done"]
            return text + (f"The last good checkpoint is kept: --resume --steps {done} shows what "
                           "was learnt by then.")
        return text + (f"The last good checkpoint, from {'within' if loop in loops else 'before'} "
                       f"{loop}, is kept, but resuming from it leads to the same end.")

    def how_to_continue(self):
        if not self._checkpoint.loops:
            return "Nothing was saved yet."
        return f"Continue with:  {self._checkpoint.command} --resume"


def _prepare(options):
    """Set up matplotlib and the backend."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError("the figures need matplotlib; pip install matplotlib")
    if not options.show:
        os.environ["MPLBACKEND"] = "Agg"  # matplotlib, imported at the first figure, reads it
    if options.backend:
        use_backend(options.backend)
