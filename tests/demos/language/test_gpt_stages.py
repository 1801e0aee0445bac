"""The demo of the stages: what it judges them by, and the options that it refuses."""

from demos.language.gpt_stages import SCALED, STAGES, TOLERANCE, limits


def test_only_the_lectures_text_and_size_are_judged_by_its_numbers():
    near = {"at_least": 2.49 - TOLERANCE, "at_most": 2.49 + TOLERANCE}
    assert limits(STAGES[0], "shakespeare", "laptop") == near
    assert limits(STAGES[0], "pydoc", "laptop") == limits(STAGES[0], "mine.txt", "lecture") == {}
    assert limits(SCALED, "shakespeare", "laptop") == {}
    assert limits(SCALED, "shakespeare", "lecture")["at_most"] < 1.55
