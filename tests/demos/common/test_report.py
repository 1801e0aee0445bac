"""The tour's page."""
import base64
import json

from demos.common.report import write_page


def test_the_tours_page_plays_the_sounds(tmp_path):
    sound = b"RIFF, as far as the page knows"
    (tmp_path / "a.wav").write_bytes(sound)
    (tmp_path / "result.json").write_text(json.dumps({
        "idea": [], "figures": [{"file": "a.wav", "caption": "An <A>."}], "metrics": [],
        "verdict": "measured", "command": "python", "preset": "smoke", "data": None, "seed": 0,
        "settings": {}, "seconds": 1.0}), encoding="utf-8")
    write_page(tmp_path / "index.html", (0, "table"), [("music", "Title", tmp_path, "")], 1.0, "")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    data = base64.b64encode(sound).decode()
    assert f'<audio controls src="data:audio/wav;base64,{data}"></audio>' in page
    assert "An &lt;A&gt;." in page
