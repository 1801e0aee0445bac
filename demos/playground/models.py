"""The models that are ready, how far the others are, and what has them trained.

    models = Models(Choice(), data)
    models.begin()                      restores what is kept, has the others trained
    "vae" in models, models["vae"]      once it is there
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from demos.common.progress import duration
from demos.playground.recipes import TITLES, restore
from demos.playground.room import Refused

ROOT = str(Path(__file__).parents[2])


class Progress(NamedTuple):
    """How far a model is. state: waiting, training, kept (and now being read), ready or failed."""
    title: str
    state: str = "waiting"
    done: int = 0
    total: int = 0
    left: float = 0.0  # seconds
    why: str = ""      # it failed

    def __str__(self):
        if self.state == "failed":
            return f"{self.title} could not be trained: {self.why}"
        if self.state == "training" and self.total:
            return (f"{self.title} is being trained, {100 * self.done // self.total} %, "
                    f"{duration(self.left)} left")
        return f"{self.title} is {self.state}"


class Models:
    """The models that are ready, by name, as `restore` gives them.

    models["gan_digits"].generator: networks are called as in the demo's loop. They are in
    evaluation mode, and no room changes them, since several threads compute with them at once.
    images, text: what they were trained on. progress: name -> Progress, of all.
    """

    def __init__(self, choice, data, names=tuple(TITLES)):
        self.choice, self.data, self.names = choice, data, names
        self.images, self.text = data.images, data.text
        self.progress = {name: Progress(TITLES[name]) for name in names}
        self._ready, self._thread, self._process, self._ended = {}, None, None, False

    def __getitem__(self, name):
        """Raises Refused, with how far it is, if the model is not ready."""
        if name not in self._ready:
            raise Refused(str(self.progress[name]), 503)
        return self._ready[name]

    def __contains__(self, name):
        return name in self._ready

    def begin(self, retrain=False):
        """Restore what is kept and train what is missing (retrain: all), in the background."""
        self._thread = threading.Thread(target=self.bring, args=(retrain,), daemon=True)
        self._thread.start()

    def wait(self):
        """Block until each model is ready or has failed."""
        while self._thread.is_alive():
            self._thread.join(0.2)  # a longer one would not notice Ctrl-C on Windows

    def end(self):
        """Stop training; the models that are complete stay kept."""
        self._ended = True
        if self._process:
            self._process.terminate()
            self._process.wait()

    def bring(self, retrain=False):
        """What `begin` does, until each model is ready or has failed."""
        _ = self.data.frame, self.data.pca, self.data.by_pixels  # now, not at the first drawing
        missing = [name for name in self.names if retrain or not self._restore(name)]
        if missing and not self._ended:
            self._train(missing)

    def _restore(self, name):
        """Take the model from its file, if that is whole and what is wanted -> whether it was."""
        try:
            self._ready[name] = restore(self.choice, name, self.data)
        except Exception:  # whatever is wrong with the file, training again mends it
            return False
        self._note(name, state="ready")
        return True

    def _train(self, names):
        """Another process trains: it does not hold this one's interpreter, and has low priority."""
        # The folder that we are in stays, for the sake of relative paths.
        path = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
        last_words = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "demos.playground.training",
             json.dumps(self.choice._asdict()), *names],
            stdout=subprocess.PIPE, stderr=last_words, encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path},
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0))
        for line in self._process.stdout:
            told = json.loads(line)
            name = told.pop("name")
            self._note(name, **told)
            if told["state"] == "kept" and not self._restore(name):
                self._note(name, state="failed", why=f"{self.choice.path(name)} can't be read")
        last_words.seek(0)
        why = last_words.read().strip().rpartition("\n")[2] or "the training ended early"
        last_words.close()
        for name, progress in self.progress.items():
            if progress.state in ("waiting", "training"):
                self._note(name, state="failed", why=why)

    def _note(self, name, **told):
        self.progress[name] = self.progress[name]._replace(**told)
