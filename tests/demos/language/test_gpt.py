"""The GPT demo: its options, its checkpoints, and the piece of text that a figure shows."""

from demos.language import gpt
from tinygen.data import CharTokenizer


def test_a_checkpoint_of_another_config(refusal):
    """The message says what differs. The run before it is shorter than its warm-up, and runs."""
    arguments = "--preset smoke --steps 2 --warmup 100 --out out"
    assert gpt.main(arguments.split()) == 0
    for changed, message in (("--n-embd 32", "made with n_embd 16, now it is 32"),
                             ("--no-tied", "made with tied True, now it is False"),
                             ("--data shakespeare", "made with --data pydoc")):
        assert message in refusal(gpt, f"{arguments} --resume {changed}")


def test_the_excerpt_is_mostly_words():
    tokenizer = CharTokenizer("abc .\n")
    ids = tokenizer.encode("....... a b.. ab cab bc \n\n.....a")
    assert tokenizer.decode(gpt.excerpts(ids, 8, tokenizer)[0]) == " cab bc "
    assert gpt.excerpts(ids[:9], 8, tokenizer).shape == (1, 8)
