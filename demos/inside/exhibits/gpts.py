"""Exhibits in a GPT: attention, its softmax, the targets, and the table of tokens."""
import tinygen as tg
from demos.exercises.exercise import Edit
from demos.exercises.swap import text
from demos.inside.exhibits.exhibit import Exhibit, Stage, mistake_in, mistake_of_exercise
from models import gpt
from tinygen.backend import np
from tinygen.data import CharTokenizer, load_text, random_windows
from tinygen.optim import Adam

CONTEXT, BATCH = 32, 8
SEEN = 90_000  # of the 100,000 tokens, those that it trains on


class Writer(Stage):
    """A GPT of two layers on Python's language reference, character by character.

    batch(ids, count, length, rng): windows and their targets; None for the engine's own.
    """

    def __init__(self, rng, batch=None, heads=2, width=32):
        self.ids, vocabulary = text()
        self.model = gpt.GPT(gpt.Config(vocabulary, CONTEXT, 2, heads, width), rng=rng)
        self.optimizer = Adam(self.model.parameters(), lr=3e-3)
        self.batch = batch or (lambda ids, count, length, rng:
                               random_windows(ids, count, length, rng=rng))
        self.rng = rng

    def loss(self, step):
        return gpt.loss(self.model, *self.batch(self.ids[:SEEN], BATCH, CONTEXT, self.rng))

    def unseen(self, count=64):
        """Windows of text that it was not trained on, and what really comes next."""
        return random_windows(self.ids[SEEN:], count, CONTEXT, rng=np.random.default_rng(0))

    def sample(self):
        """Thirty characters, after the first twenty of the text.

        Without a cache: exercise 22 has an answer for as many queries as keys.
        """
        written = gpt.generate(self.model, self.ids[None, :20], 30, temperature=0.7, cache=False,
                               rng=np.random.default_rng(0))
        tokenizer = CharTokenizer(load_text("pydoc")[:len(self.ids)])
        return tokenizer.decode(np.concatenate(list(written)))


def plain_writer(version, rng):
    return Writer(rng)


# ---- meters ----

def pull_on_key_bias(writer):
    """The gradient by the biases of keys over that by the biases of queries."""
    loss = gpt.loss(writer.model, *writer.unseen())
    biases = [block.attention.in_proj_bias for block in writer.model.blocks]
    gradients = [np.split(g.numpy(), 3) for g in tg.grad(loss, biases)]  # of q, k and v
    return (np.linalg.norm([k for _, k, _ in gradients])
            / np.linalg.norm([q for q, _, _ in gradients]))


def weights(writer):
    """What each position looks at, whatever attention is in place.  -> (layers, B, heads, T, T)

    Attention is weights @ v, so with the identity for v it is the weights.
    """
    attention, found = tg.ops.attention.composition, []

    def watched(q, k, v, **settings):
        shape = (*q.shape[:-1], CONTEXT)
        identity = tg.Tensor(np.broadcast_to(np.eye(CONTEXT, dtype=v.dtype), shape))
        found.append(attention(q, k, identity, **settings).numpy())
        return attention(q, k, v, **settings)
    with tg.no_grad(), tg.ops.attention.unfused(by=watched):
        writer.model(writer.unseen(16)[0])
    return np.stack(found)


def entropy(writer):
    """Of the weights, over that of weights that are all equal."""
    w = weights(writer)[..., 1:, :].astype("float64")  # position 1 has but itself to look at
    equal = np.log(np.arange(2, CONTEXT + 1)).mean()
    return -(w * np.log(np.maximum(w, 1e-30))).sum(axis=-1).mean() / equal


def sum_of_weights(writer):
    return weights(writer).sum(axis=-1).mean()


def unseen_loss(writer):
    with tg.no_grad():
        return gpt.loss(writer.model, *writer.unseen()).item()


def loss_without_future(writer):
    """The loss at the last position, which has nothing ahead, less that at all others."""
    ids, targets = writer.unseen(256)
    with tg.no_grad():
        logits = writer.model(ids)
        last, others = (tg.cross_entropy(logits[:, rows], targets[:, rows]).item()
                        for rows in (slice(-1, None), slice(-1)))
    return last - others


def pull_on_space(writer):
    """The norm of the gradient by the row of the commonest token, in the step just made."""
    commonest = np.bincount(writer.ids).argmax()
    return np.linalg.norm(writer.model.token.weight.grad.numpy()[commonest])


# ---- exhibits ----

def check_repeated_ids(scatter_add):
    ids, w = np.array([1, 0, 1, 2]), np.random.default_rng(0).normal(size=(3, 2))

    def embedding(w):
        return tg.embedding(ids, w)
    with tg.ops.scatter_add.replaced(by=scatter_add):
        tg.check_gradients(embedding, w)


GPTS = (
    Exhibit(
        name="softmax_gradient",
        title="Softmax's gradient without Σ g·y",
        mistake=mistake_of_exercise(8, "You left out Σ g·y"),
        stage=plain_writer,
        meter="gradient by the keys' biases / by the queries'",
        read=pull_on_key_bias, log=True, broken=dict(at_least=0.01),
        question="The forward pass is right, and a term is missing in the gradient of the "
                 "attention's weights. What does the loss do?",
        choices=("It grows and grows", "It falls, then rises again and stays there",
                 "It falls as it should"),
        right=1,
        why="Without Σ g·y each weight is judged as if it could rise while all others stay. The "
            "wrong gradient goes on to the layers below and to the embeddings, and undoes what "
            "they have learnt: from about 3 nats the loss rises to 3.2, which is what a model "
            "reaches that knows only how often each character occurs. The meter tells from the "
            "first step: a bias of the keys adds the same to all scores of a query, which softmax "
            "does not see, so the gradient by it has to be 0, to rounding.",
        seen="Written by hand from the Jacobian y_i(δ_ij - y_j), it easily loses the second "
             "term."),
    Exhibit(
        name="unshifted_targets",
        title="Targets that are not shifted",
        mistake=mistake_of_exercise(21, "You did not shift the targets"),
        stage=lambda version, rng: Writer(rng, version.batch),
        meter="loss of what really comes next, in unseen text",
        read=unseen_loss, broken=dict(at_least=4.0),
        question="The target of each position is the token that stands there. What does the loss "
                 "do?",
        choices=("It stays where it began", "It falls as it should",
                 "It falls to almost 0"),
        right=2,
        why="The answer stands in the input, and copying is easily learnt. A loss far below what "
            "much larger models reach is a leak until it is explained. Asked to write, the model "
            "repeats the last letter, and what really comes next costs it almost twice the 4.6 "
            "nats of a blind guess among a hundred characters.",
        seen="Libraries differ in who shifts: nanoGPT's batches come shifted, Hugging Face's "
             "models shift the labels themselves. Mixed up, they shift twice or not at all."),
    Exhibit(
        name="unscaled_attention",
        title="Attention without 1/√d",
        mistake=mistake_of_exercise(22, "You did not scale"),
        stage=lambda version, rng: Writer(rng, heads=1, width=64),
        meter="entropy of the weights / that of equal weights",
        read=entropy, broken=dict(at_most=0.28),
        question="Scores are not divided by √d, where a head has d = 64 numbers, as in GPT-2. "
                 "What tells?",
        choices=("The loss, which stays high",
                 "The weights: each position looks at little more than one place",
                 "Nothing: the model makes its weights smaller"),
        right=1,
        why="Scores are √d = 8 times as large as they should be, and softmax of large scores is "
            "close to one-hot: each query looks at one place, and its gradient fades. A small GPT "
            "gets around that, and its loss is the same or, from other seeds, up to a tenth "
            "higher; the entropy of the weights is a third of what it should be, or less.",
        seen="Section 3.2.1 of Attention is all you need (2017) gives the reason for the factor."),
    Exhibit(
        name="peek_ahead",
        title="A mask that lets a position see one ahead",
        mistake=mistake_of_exercise(22, "You let a position see one position ahead"),
        stage=plain_writer,
        meter="loss at the last position - loss elsewhere, nats",
        read=loss_without_future, broken=dict(at_least=1.0),
        question="The mask's diagonal is off by one. What does the loss do?",
        choices=("It is far too good", "It is a little worse", "It is the same"),
        right=0,
        why="Each position sees the token that it is to predict. Only the last position of a "
            "window has nothing ahead, and there the loss is higher than in the healthy model. A "
            "model that writes is always at the last position. The check moves the last input, "
            "and looks at which positions notice.",
        seen="\"Maybe your autoregressive model accidentally takes the thing it's trying to "
             "predict as an input due to an off-by-one bug\": Karpathy, A recipe for training "
             "neural networks (2019)."),
    Exhibit(
        name="late_mask",
        title="A mask after the softmax",
        mistake=mistake_of_exercise(22, "You masked after the softmax"),
        stage=plain_writer,
        meter="sum of a position's weights, mean",
        read=sum_of_weights, broken=dict(at_most=0.9),
        question="The future gets weight 0, but only after softmax has shared out the weights. "
                 "What does the loss do?",
        choices=("It is far too good", "It hardly changes", "It diverges"),
        right=1,
        why="What the future got is lost: the first positions have next to no weight left, and the "
            "layers after them make up for it. The loss tells nothing. The weights of a position "
            "no longer add up to 1, and they depend on the future, by what softmax gave to it.",
        seen="It is seen where weights are multiplied by a mask of ones and zeros."),
    Exhibit(
        name="lost_tokens",
        title="The gradient of a table by W[idx] = g",
        mistake=mistake_in(
            tg.ops.scatter_add, Edit("y = _sum_rows(x, key, shape)", "y[key] = x"),
            put=lambda version: [tg.ops.scatter_add.replaced(by=version)],
            check=check_repeated_ids,
            caught_by="tg.check_gradients of tg.embedding, where a token occurs twice"),
        stage=plain_writer,
        meter="gradient by the vector of the space, mean norm",
        read=pull_on_space, every=5, of=np.mean, log=True, broken=dict(at_most=0.06),
        question="Where a token occurs several times in a batch, only its last gradient is kept. "
                 "What tells?",
        choices=("The loss: it does not fall", "The vectors of rare tokens",
                 "The gradient of frequent tokens"),
        right=2,
        why="In a batch of 256 characters the space occurs about 45 times, and all but one of its "
            "gradients are lost. Tokens that occur once are right, and Adam divides the gradient "
            "by its size, so the loss is only two or three per cent worse. A check of "
            "gradients needs a token that occurs twice.",
        seen="NumPy's manual warns of it: of repeated indices, W[idx] += g counts one only."),
)
