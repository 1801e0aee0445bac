"""A tiny demo, as the only one of a family of its own, for the tests of what demos share."""
import importlib
import shutil
import sys
from pathlib import Path

import pytest

import demos
from demos.common import catalogue


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """tiny.py as the demo `tiny` of the family `lines`, run in an empty folder."""
    folder = tmp_path / "more demos" / "lines"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""Lines: the first family."""', encoding="utf-8")
    shutil.copy(Path(__file__).with_name("tiny.py"), folder)
    monkeypatch.setattr(demos, "__path__", [str(folder.parent)])
    monkeypatch.setattr(catalogue, "FAMILIES", ("lines",))
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module("demos.lines.tiny")
    for name in [name for name in sys.modules if name.startswith("demos.lines")]:
        del sys.modules[name]
