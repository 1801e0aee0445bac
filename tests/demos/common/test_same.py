"""`python -m tests.same`, which compares what two runs of the demos have left."""
import pytest

from tests.same import differences


def test_what_is_the_same_and_what_is_not(tiny, tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    image = b / "tiny" / "loss.png"
    assert tiny.main(["--out", str(a / "tiny")]) == tiny.main(["--out", str(b / "tiny")]) == 0
    assert differences(a, b) == []
    data = bytearray(image.read_bytes())
    data[-20] ^= 1  # one bit
    image.write_bytes(data)
    assert differences(a, b) == ["tiny/loss.png"]
    image.unlink()
    assert differences(a, b) == differences(b, a) == ["tiny/loss.png"]
    assert tiny.main(["--out", str(b / "tiny"), "--seed", "1"]) == 0
    assert differences(a, b) == ["tiny/checkpoint.npz", "tiny/loss.png", "tiny/result.json"]


def test_nothing_is_not_the_same(tmp_path):
    with pytest.raises(ValueError, match="nothing to compare"):
        differences(tmp_path, tmp_path)
