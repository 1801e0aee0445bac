"""The pages of a run and of the tour."""
import base64
import json
import re

import pytest

from demos.common.catalogue import find_demos, load_main
from demos.common.options import demo_parser
from demos.common.report import LOOK_INSIDE, write_tour_page


def test_the_tours_page_plays_the_sounds(tmp_path):
    sound = b"RIFF, as far as the page knows"
    (tmp_path / "a.wav").write_bytes(sound)
    (tmp_path / "result.json").write_text(json.dumps({
        "idea": [], "figures": [{"file": "a.wav", "caption": "An <A>."}], "metrics": [],
        "verdict": "measured", "command": "python", "preset": "smoke", "data": None, "seed": 0,
        "settings": {}, "seconds": 1.0}), encoding="utf-8")
    write_tour_page(tmp_path / "index.html", (0, "table"), [("music", "Title", tmp_path, "")], 1.0,
                    "")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    data = base64.b64encode(sound).decode()
    assert f'<audio controls src="data:audio/wav;base64,{data}"></audio>' in page
    assert "An &lt;A&gt;." in page


def test_each_run_has_a_page_and_prints_where(tiny, tmp_path, capsys):
    """With its idea, figures, captions and numbers, and all of it in the one file."""
    assert tiny.main(["--out", "my runs"]) == 0
    path = tmp_path / "my runs" / "index.html"
    assert f"All on one page: {path.resolve().as_uri()}" in capsys.readouterr().out
    page = path.read_text(encoding="utf-8")
    for words in ["<h1>tiny</h1>", "Two lines fitted to points.",
                  "Gradient descent &amp; &lt;b&gt;momentum", "<code>slope</code>",
                  "Loss &lt; noise.", ">fail<", ">pass<", "2 to 3", "none: 3",
                  "<code>python -m demos tiny --out &#x27;my runs&#x27;</code>", "points, seed 0"]:
        assert words in page, words
    figure = base64.b64encode((path.parent / "loss.png").read_bytes()).decode()
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == [f"data:image/png;base64,{figure}"]


@pytest.mark.parametrize("command", LOOK_INSIDE)
def test_what_the_page_recommends_can_be_run(command):
    name, *options = command.split()
    if name not in ("exercises", "museum", "playground"):
        assert any(name in names for names in find_demos().values())
        this = load_main(name).demo
        demo_parser(name, this.text, this.presets, this.data).parse_args(options)
