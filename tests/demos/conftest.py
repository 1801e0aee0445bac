"""What the tests of the demos of all families share."""
import pytest


@pytest.fixture(autouse=True)
def no_windows(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """refusal(demo, options) -> the one line with which the demo refuses them, with status 2.

    options: text or a list, added to the smoke preset. The demo runs in an empty folder.
    """
    monkeypatch.chdir(tmp_path)

    def run(demo, options):
        arguments = options.split() if isinstance(options, str) else options
        with pytest.raises(SystemExit) as end:
            demo.main(["--preset", "smoke", *arguments])
        message = capsys.readouterr().err
        assert end.value.code == 2 and message.count("\n") == 1, message
        assert message.startswith(f"python -m demos {demo.__name__.rpartition('.')[2]}: error: ")
        return message
    return run
