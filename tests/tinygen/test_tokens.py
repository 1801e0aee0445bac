"""Tokenizers: round trips of any text and any bytes, GPT-2's files and ids, and refusals."""
import json

import pytest

from tinygen.backend import np
from tinygen.data import BPETokenizer, CharTokenizer, tokens
from tinygen.data.words import from_printable, printable, word_pattern

TEXT = ("the cat sat on the mat, and the other cat sat on the other mat.\n\n"
        "It's 12 o'clock; they'll be 123 cats.  Überall Katzen: 猫猫猫 🐈🐈\t\r\n") * 3


# ---- characters ----

def test_characters_are_numbered_in_order():
    tokenizer = CharTokenizer("hello")
    assert tokenizer.characters == "ehlo" and len(tokenizer) == 4
    ids = tokenizer.encode("hole")
    assert ids.tolist() == [1, 3, 2, 0] and ids.dtype == "int64"
    assert tokenizer.decode(ids) == "hole"


def test_characters_round_trip():
    tokenizer = CharTokenizer(TEXT)
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT
    assert tokenizer.encode("").shape == (0,) and tokenizer.decode([]) == ""
    assert tokenizer.decode_bytes(tokenizer.encode(TEXT)) == TEXT.encode()
    assert tokenizer.special == {}


# ---- byte pairs ----

def test_the_most_frequent_pair_is_merged_first():
    tokenizer = BPETokenizer.train("aaab aaab ab", 258)
    # a·a 4, a·b 3, space·a 2; then, with aa made one, a·b 3, aa·a 2, ...
    assert tokenizer.merges == [(b"a", b"a"), (b"a", b"b")]
    assert tokenizer.encode("aaab").tolist() == [256, 257]


def reference_merges(text, count):
    """The definition, slowly: count all pairs again for each merge."""
    words = [[bytes([b]) for b in word.encode()] for word in word_pattern().findall(text)]
    merges = []
    for _ in range(count):
        pairs = {}
        for word in words:
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + 1
        best = min(pairs, key=lambda pair: (-pairs[pair], pair), default=None)
        if best is None or pairs[best] < 2:
            break
        merges.append(best)
        for word in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i:i + 2] = [word[i] + word[i + 1]]
                i += 1
    return merges


def reference_ids(tokenizer, word):
    """The definition, slowly: the pair that was merged first, everywhere, again and again."""
    parts = [bytes([b]) for b in word.encode()]
    while known := [pair for pair in zip(parts, parts[1:]) if pair in tokenizer.merges]:
        first, i = min(known, key=tokenizer.merges.index), 0
        while i + 1 < len(parts):
            if (parts[i], parts[i + 1]) == first:
                parts[i:i + 2] = [parts[i] + parts[i + 1]]
            i += 1
    return [tokenizer._ids[part] for part in parts]


def test_training_finds_what_the_definition_finds():
    assert BPETokenizer.train(TEXT, 256 + 60).merges == reference_merges(TEXT, 60)


@pytest.mark.parametrize("letters", ["a", "ab", "abcd", "aé猫"])
def test_one_long_word(letters, rng):
    """Pairs that overlap, ties, and merges in an order that no training finds."""
    for n in (1, 2, 3, 7, 50, 200):
        word = "".join(rng.choice(list(letters), n))
        trained = BPETokenizer.train(word, 256 + 30)
        assert trained.merges == reference_merges(word, 30)
        mixed = BPETokenizer([trained.merges[i] for i in rng.permutation(len(trained.merges))])
        for tokenizer in (trained, mixed):
            assert tokenizer.encode(word).tolist() == reference_ids(tokenizer, word)


def test_a_merge_touches_only_its_neighbours(rng, monkeypatch):
    """Training on one long word, and encoding it, does not go through all of it for each merge."""
    looks, pair = [], tokens._Parts.pair
    monkeypatch.setattr(tokens._Parts, "pair", lambda self, i: looks.append(i) or pair(self, i))
    word = "".join(rng.choice(list("abcdefgh"), 5000))
    tokenizer = BPETokenizer.train(word, 256 + 150)
    assert len(tokenizer.merges) == 150 and len(looks) < 10 * len(word)
    looks.clear()
    tokenizer.encode(word)
    assert len(looks) < 10 * len(word)


def test_training_ends_where_nothing_occurs_twice():
    assert len(BPETokenizer.train("abc", 1000)) == 256
    assert BPETokenizer.train("", 300).encode("x").tolist() == [ord("x")]


@pytest.fixture(scope="module")
def trained():
    return BPETokenizer.train(TEXT, 300)


def test_text_round_trips(trained):
    ids = trained.encode(TEXT)
    assert trained.decode(ids) == TEXT and len(ids) < 0.6 * len(TEXT.encode())
    assert 0 <= ids.min() and ids.max() < len(trained) == 300


def test_any_bytes_round_trip(trained):
    rng = np.random.default_rng(0)
    for size in (0, 1, 2, 3, 10, 1000):
        for _ in range(20):
            data = rng.bytes(size)
            assert trained.decode_bytes(trained.encode(data)) == data
    every = bytes(range(256))
    assert trained.decode_bytes(trained.encode(every)) == every


def test_any_characters_round_trip(trained):
    rng = np.random.default_rng(0)
    codes = rng.integers(0x110000, size=2000)
    text = "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)
    assert trained.decode(trained.encode(text)) == text


@pytest.mark.parametrize("text", ["", "\ufeff", "\ufefftext", "a\0b", "\r\n\r", "\udc80",
                                  "\U0010ffff"])
def test_characters_that_readers_like_to_lose(text, trained):
    """A byte order mark, a zero, line ends, and a byte that Python read as no UTF-8."""
    data = text.encode("utf-8", "surrogateescape")
    assert trained.decode_bytes(trained.encode(text)) == data
    characters = CharTokenizer(text + "x")
    assert characters.decode(characters.encode(text)) == text


def test_half_of_a_surrogate_pair_is_no_text(trained):
    with pytest.raises(ValueError, match="surrogates not allowed"):
        trained.encode("a\ud800")


def test_half_a_character_is_marked(trained):
    assert trained.decode(list("é".encode())[:1]) == "\ufffd"


def test_merges_stay_within_a_word():
    tokenizer = BPETokenizer.train("of the of the of the of the", 300)
    assert all(b"f " not in a + b and b"fthe" not in a + b for a, b in tokenizer.merges)


@pytest.mark.parametrize(("text", "words"), [
    ("Hello world", ["Hello", " world"]),
    ("it's they'll I'd", ["it", "'s", " they", "'ll", " I", "'d"]),
    ("a  b", ["a", " ", " b"]),
    ("a \n\n b", ["a", " \n\n", " b"]),
    ("end  ", ["end", "  "]),
    ("x=12.5!?", ["x", "=", "12", ".", "5", "!?"]),
    ("½² Ⅳ", ["½²", " Ⅳ"]),
    ("naïve 猫です", ["naïve", " 猫です"]),
    ("_a_", ["_", "a", "_"]),
    ("a\u00a0b", ["a", "\u00a0", "b"]),
])
def test_text_is_cut_as_gpt2_cuts_it(text, words):
    assert word_pattern().findall(text) == words


# ---- files ----

# The part of GPT-2's tokenizer that this sentence meets, under GPT-2's own ids.
SENTENCE = "Not all heroes wear capes."
IDS = [3673, 477, 10281, 5806, 1451, 274, 13]
PAIRS = {257: "Ġ a", 258: "h e", 263: "e r", 266: "Ġ w", 269: "Ġ c", 274: "e s", 283: "a r",
         289: "Ġ h", 297: "l l", 305: "r o", 313: "o t", 339: "Ġ he", 356: "Ġw e", 451: "e ar",
         477: "Ġa ll", 499: "a p", 1451: "Ġc ap", 3673: "N ot", 4293: "Ġhe ro", 5806: "Ġwe ar",
         10281: "Ġhero es"}


def write_gpt2(folder, **changes):
    """vocab.json and merges.txt in GPT-2's layout; `changes` replace a file's text."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = own + sorted(set(range(256)) - set(own))  # GPT-2 numbers the bytes in this order
    vocabulary = {printable(bytes([byte])): i for i, byte in enumerate(order)}
    vocabulary |= {pair.replace(" ", ""): i for i, pair in PAIRS.items()}
    files = {"vocab": json.dumps(vocabulary | {"<|endoftext|>": 50256}),
             "merges": "\n".join(["#version: 0.2", *PAIRS.values(), "", ""]), **changes}
    (folder / "vocab.json").write_text(files["vocab"], encoding="utf-8")
    (folder / "merges.txt").write_text(files["merges"], encoding="utf-8")


def test_gpt2s_files_give_gpt2s_ids(tmp_path):
    write_gpt2(tmp_path)
    tokenizer = BPETokenizer.load(tmp_path)
    assert tokenizer.encode(SENTENCE).tolist() == IDS
    assert tokenizer.decode(IDS) == SENTENCE
    assert len(tokenizer) == 50257 and tokenizer.special == {"<|endoftext|>": 50256}
    assert tokenizer.decode([50256]) == "<|endoftext|>"
    assert 50256 not in tokenizer.encode("<|endoftext|>")
    data = bytes(range(256))
    assert tokenizer.decode_bytes(tokenizer.encode(data)) == data
    with pytest.raises(ValueError, match="no token has the id 40000"):
        tokenizer.decode([40000])


def test_saved_and_loaded(trained, tmp_path):
    saved = BPETokenizer(trained.merges, special={"<|endoftext|>": 300})
    saved.save(tmp_path / "new" / "folder")
    again = BPETokenizer.load(tmp_path / "new" / "folder")
    assert again.merges == saved.merges and again.special == saved.special and len(again) == 301
    text = (tmp_path / "new" / "folder" / "vocab.json").read_text(encoding="utf-8")
    assert text.startswith('{"') and '"Ġ": 32' in text  # a space, readable
    assert np.array_equal(again.encode(TEXT), trained.encode(TEXT))


@pytest.mark.parametrize("changes", [
    {"vocab": "{"}, {"vocab": "[]"}, {"vocab": '{"a": "x"}'}, {"vocab": '{"猫": 3}'},
    {"vocab": '{"a": 1}'}, {"merges": "a b\na b c"}, {"merges": "a"}, {"merges": "x y"},
    {"vocab": '{"a": null}'}, {"vocab": "[" * 100_000},
    {"vocab": '{"a": -1}'}, {"vocab": '{"a": 1.0}'}, {"vocab": '{"a": 1, "b": 1}'},
    {"vocab": f'{{"a": {10 ** 30}}}'}])
def test_damaged_files(changes, tmp_path):
    write_gpt2(tmp_path, **changes)
    with pytest.raises(ValueError, match="not part of a tokenizer|has none"):
        BPETokenizer.load(tmp_path)


def test_each_byte_is_a_letter_and_no_other_letter_is_a_byte():
    every = bytes(range(256))
    assert from_printable(printable(every)) == every
    assert printable(b"~\x7f\xa0\xa1") == "~\u0121\u0142\xa1"
    for other in (" ", chr(0xad), chr(0x144)):  # U+0143 is the last one
        with pytest.raises(KeyError):
            from_printable(other)


@pytest.mark.parametrize("wrong, words", [
    *[(i, "not a whole number, or is too large") for i in (-1, 1.0, None, "7", True, 2 ** 31)],
    (0, "two tokens have the same id")])
def test_an_id_that_is_none(wrong, words, tmp_path):
    write_gpt2(tmp_path)
    path = tmp_path / "vocab.json"
    ids = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(ids | {"Ġhero": wrong}), encoding="utf-8")
    with pytest.raises(ValueError, match=f"vocab.json is not part of a tokenizer.*{words}"):
        BPETokenizer.load(tmp_path)
    path.write_text(json.dumps(ids | {"Ġhero": 2 ** 31 - 1}), encoding="utf-8")
    assert BPETokenizer.load(tmp_path).decode([2 ** 31 - 1]) == " hero"


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        BPETokenizer.load(tmp_path)
