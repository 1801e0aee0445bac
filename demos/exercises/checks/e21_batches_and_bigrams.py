"""21 batches and bigrams: a table of the next character, trained and counted, meets itself."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, parts, what_is
from demos.exercises.swap import Model, steps
from models import gpt
from tinygen.backend import np, to_numpy, xp
from tinygen.data import CharTokenizer, load_text
from tinygen.optim import Adam, warmup_cosine

KIND = "N"
ANSWER = "encode", "decode", "batch", "count_bigrams"
HINTS = (
    "characters.index(c) is the token of c, and characters[i] the character of token i. "
    "\"\".join(...) makes a str of many.",
    "A window and its targets are length + 1 tokens in a row, so the last start is "
    "len(ids) - length - 1, and there are len(ids) - length of them, counted from 0.",
    "x is np.stack([ids[s:s + length] for s in starts]), targets the same, shifted by one. "
    "counts = np.zeros((size, size), int), then counts[a, b] += 1 for each a, b of "
    "zip(ids[:-1], ids[1:]).",
)


def cut_short(ids, count, length, rng):
    starts = rng.integers(len(ids), size=count)
    return (np.stack([ids[s:s + length] for s in starts]),
            np.stack([ids[s + 1:s + 1 + length] for s in starts]))


RUN_OVER = ("You let windows run over the end: the targets of the last one have to lie inside, so "
            "there are len(ids) - length starts.")
MISTAKES = (
    ("You did not shift the targets: the target of a token is the one after it.",
     Edit("windows[:, 1:]", "windows[:, :-1]")),
    (RUN_OVER, Edit("rng.integers(len(ids) - length, ", "rng.integers(len(ids) - length + 1, ")),
    (RUN_OVER, dict(batch=cut_short)),
    ("You left out the last window: rng.integers(k) never draws k itself, so k is len(ids) - "
     "length.",
     Edit("rng.integers(len(ids) - length, ", "rng.integers(len(ids) - length - 1, ")),
    ("You transposed the counts: the row is the first token of a pair, the column the second.",
     Edit("counts[a, b] += 1", "counts[b, a] += 1")),
    ("You counted repeated pairs only once, as counts[ids[:-1], ids[1:]] += 1 does. Loop over the "
     "pairs, or use np.add.at.",
     Edit("counts[a, b] += 1", "counts[a, b] = 1")),
)


def cases(rng):
    def case(characters, n, length):
        ids = rng.integers(len(characters), size=n)
        return Case(ids=ids, text="".join(characters[i] for i in ids), characters=characters,
                    length=length, count=300, seed=int(rng.integers(2 ** 31)))

    return [
        Case(ids=np.array([1, 0, 2, 0, 2, 0]), text="banana", characters="abn", length=5, count=50,
             seed=0),
        case("a", 3, 1), case("ab", 2, 1), case("abcdef", 4, 2), case("0123456789", 9, 3),
        case("xyz", 12, 7), case(" \nÄß€", 6, 4), case("abcdefgh", 9, 8),
    ]


def ask(answer, case):
    yield "encode", answer.encode(case.text, case.characters)
    text = answer.decode(case.ids, case.characters)
    if not isinstance(text, str) or text != case.text:
        given = repr(text) if isinstance(text, str) else what_is(text)
        raise Wrong(f"decode gives {given:.60}; expected is {case.text!r}, a str.")
    yield "decode", True
    rng = np.random.default_rng(case.seed)
    batch = parts(answer.batch(case.ids, case.count, case.length, rng), "x", "targets")
    for name, array in zip(("x", "targets"), batch):
        if not isinstance(array, np.ndarray):
            raise Wrong(f"batch returns two arrays; {name} is {what_is(array)}.")
        if array.shape != (case.count, case.length):
            raise Wrong(f"{name} has shape {array.shape}; expected is (count, length), which is "
                        f"{(case.count, case.length)} here.")
    windows = np.unique(np.concatenate(batch, axis=1), axis=0)  # sorted, each once
    yield "all different x that were drawn", windows[:, :case.length]
    yield "their targets", windows[:, case.length:]
    yield "count_bigrams", answer.count_bigrams(case.ids, len(case.characters))


def expected(case):
    ids, length = case.ids.tolist(), case.length
    windows = sorted({tuple(ids[start:start + length + 1])
                      for start in range(len(ids) - length)})
    counts = np.zeros((len(case.characters),) * 2, int)
    for i in range(len(ids) - 1):
        counts[ids[i], ids[i + 1]] += 1
    return {
        "encode": case.ids, "decode": True,
        "all different x that were drawn": np.array([row[:-1] for row in windows]),
        "their targets": np.array([row[1:] for row in windows]),
        "count_bigrams": counts,
    }


# ---- the model: a table of the next character, from 200 batches, and from the counts ----

STEPS = 200


def train(answer, calls):
    if answer is None:
        return  # batches are drawn at random, so there are no losses to agree with
    text = load_text("pydoc")[:100_000]
    characters = CharTokenizer(text).characters
    ids = calls.forward(answer.encode, text, characters)
    if calls.forward(answer.decode, ids, characters) != text:
        raise Wrong("Of 100,000 characters, decode does not give back what encode was given.")
    counts = calls.forward(answer.count_bigrams, ids, len(characters))
    table = (counts + 0.1) / (counts + 0.1).sum(axis=1, keepdims=True)

    rng = np.random.default_rng(0)
    model = gpt.Bigram(len(characters), rng=rng)
    optimizer = Adam(model.parameters(), lr=0.3)

    def loss(step):
        optimizer.lr = 0.3 * warmup_cosine(step, warmup=0, total=STEPS)
        x, targets = calls.forward(answer.batch, ids, 32, 64, rng)
        return gpt.loss(model, xp.asarray(x), xp.asarray(targets))
    yield from steps(STEPS, optimizer, loss)

    learned = to_numpy(tg.softmax(model.table.weight.data))
    trained, counted = (-np.log(p[ids[:-1], ids[1:]]).mean() for p in (learned, table))
    told = (f"the table that was trained has {trained:.3f} nats a character, the one that was "
            f"counted {counted:.3f}")
    if not abs(trained - counted) <= 0.05:
        raise Wrong(f"On the same text {told}; they should be within 0.05.")
    return f"{STEPS} batches, all yours: {told}"


MODEL = Model("bigram", STEPS, train, counts=("forward",))
