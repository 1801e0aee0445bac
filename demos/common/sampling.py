"""--sample: what a trained model makes, without training it again.

    @sampler(main, count=80)
    def sample(run):
        vae = run.load_model(lambda config, cfg: ConvVAE(Config(**config), rng=run.rng))
        run.save_figure(plot_samples(generate(vae, ...)), "samples", "What the figure shows.")

and in main, after training: run.save_model(vae).
"""
import inspect
import shlex
from types import SimpleNamespace

from demos.common.options import SAMPLE, option, sample_parser
from demos.common.run import Demo, Run, execute
from tinygen import checkpoint, nn


def sampler(main, **settings):
    """Let the command `main` of a demo call `sample(run)` where the command line has --sample.

    settings: its options and their defaults. --out is the folder of the run that trained the model;
    what is made goes to the folder `sample` in it, with a page of its own.
    """
    def wrap(sample):
        this = Demo(main.demo.name, inspect.cleandoc(sample.__doc__),
                    {"default": settings, "sample": {}}, (), lambda settings: [])

        def command(argv):
            parser = sample_parser(this.name, this.text, settings)
            options, others = parser.parse_known_args(argv)
            if others:
                of_training = {"--preset", "--data", "--resume", *map(
                    option, main.demo.settings("default"))}
                parser.error("the model in --out stays as it was trained: leave out "
                             f"{others[0]}" if others[0].partition("=")[0] in of_training
                             else f"unrecognized arguments: {' '.join(others)}")
            trained, options.out = options.out, options.out / "sample"
            options.preset, options.resume, options.strict = "sample", False, False
            return execute(sample, parser, options, lambda: SampleRun(this, argv, options, trained))

        main.sampler = command
        return sample
    return wrap


class SampleRun(Run):
    """What `sample(run)` works with. trained: the folder of the run that trained the model."""

    def __init__(self, demo, argv, options, trained):
        self.trained = trained
        super().__init__(demo, argv, options)

    def load_model(self, build):
        """The model that run.save_model left in --out, in evaluation mode.

        build(config, settings) -> an untrained one, from the fields of its config and the settings
        of the run that trained it. Raises ValueError if there is none, or one of something else.
        """
        path = self.found("model.npz")
        saved = checkpoint.load(path)
        if saved.get("demo") != self.name:
            raise ValueError(f"--out: {path} is of {saved.get('demo') or 'something else'}, not of "
                             f"{self.name}; give the --out of a run of {self.name}")
        try:
            with nn.init.undrawn():
                config = {name: tuple(value) if isinstance(value, list) else value
                          for name, value in saved["config"].items()}
                model = build(config, SimpleNamespace(**saved["settings"]))
            model.load_state_dict(saved["state"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = " ".join(str(error).splitlines()[:1])
            raise ValueError(f"--out: {path} does not fit this version of {self.name} ({reason}); "
                             "train again") from error
        return model.eval()

    def found(self, name):
        """The path of a file in --out that a finished training left. Raises ValueError if not."""
        path = self.trained / name
        if not path.exists():
            command = shlex.join(["python", "-m", "demos", self.name, "--out", str(self.trained)])
            raise ValueError(f"{SAMPLE}: {self.trained} holds no trained model of {self.name}; "
                             f"`{command}` trains one, and --resume finishes one that was stopped")
        return path
