"""What the tests of the language demos share."""
import re

import pytest


@pytest.fixture
def refused(tmp_path, capsys):
    """refused(demo, arguments, message): the demo ends with status 2 and one line that says why."""
    def check(demo, arguments, message):
        with pytest.raises(SystemExit) as end:
            demo.main([*arguments, "--out", str(tmp_path / "out")])
        error = capsys.readouterr().err
        assert end.value.code == 2 and re.search(message, error) and error.count("\n") == 1, error
    return check
