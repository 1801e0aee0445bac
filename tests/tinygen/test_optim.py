"""Optimisers against their papers' rules in plain Python, and the machinery that carries them."""
import copy
import inspect
import math

import pytest

import tinygen as tg
from tinygen import Tensor, checkpoint, nn, optim, to_numpy
from tinygen.backend import backend_name, np, xp


def bowl(theta):
    """∇ ½θ²: the gradient that all rules below descend."""
    return theta


def follow(rule, steps, theta=(1.0, -2.0), **settings):
    """θ after each of some steps down the bowl, float64. Returns (steps, len(theta))."""
    p = Tensor(np.array(theta))
    optimizer, path = rule([p], **settings), []
    for _ in range(steps):
        p.grad = Tensor(bowl(to_numpy(p)))
        optimizer.step()
        path.append(to_numpy(p).copy())
    return np.array(path)


# ---- numbers worked out by hand, from θ = 1 with g = θ ----

@pytest.mark.parametrize("rule, settings, expected", [
    (optim.SGD, {"lr": 0.1}, [0.9, 0.81, 0.729]),
    # v = 1, 0.9·1 + 0.9 = 1.8, 0.9·1.8 + 0.72 = 2.34
    (optim.SGD, {"lr": 0.1, "momentum": 0.9}, [0.9, 0.72, 0.486]),
    # v = 1, 1.71, and the steps are 0.1·(1 + 0.9), 0.1·(0.81 + 1.539)
    (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, [0.81, 0.5751]),
    # g + λθ = 1.5θ
    (optim.SGD, {"lr": 0.1, "weight_decay": 0.5}, [0.85, 0.7225]),
    # v = 0.1, and then 0.09 + 0.1·0.683772²
    (optim.RMSprop, {"lr": 0.1, "alpha": 0.9, "eps": 0.0}, [1 - 0.1 / 0.1 ** 0.5, 0.5
     + 0.183772234 - 0.1 * 0.683772234 / math.sqrt(0.09 + 0.1 * 0.683772234 ** 2)]),
    # m̂ = 0.18/0.19, v̂ = 0.001809/0.001999
    (optim.Adam, {"lr": 0.1, "eps": 0.0}, [0.9, 0.9 - 0.1 * (0.18 / 0.19) / 0.951289863]),
    (optim.Adam, {"lr": 0.1, "eps": 1.0}, [0.95]),
    # a first step of Adam is η whatever the gradient, and the decay comes on top
    (optim.Adam, {"lr": 0.1, "eps": 0.0, "weight_decay": 3.0}, [0.9]),
    (optim.AdamW, {"lr": 0.1, "eps": 0.0, "weight_decay": 0.5}, [0.85]),
])
def test_by_hand(rule, settings, expected):
    path = follow(rule, len(expected), (1.0,), **settings)[:, 0]
    assert path == pytest.approx(expected, abs=1e-8)


# ---- the papers' rules, number by number ----

def sgd(theta, t, v, lr, momentum, nesterov, weight_decay):
    g = bowl(theta) + weight_decay * theta
    v = momentum * v + g
    return theta - lr * (g + momentum * v if nesterov else v), v


def rmsprop(theta, t, v, lr, alpha, eps, weight_decay):
    g = bowl(theta) + weight_decay * theta
    v = alpha * v + (1 - alpha) * g ** 2
    return theta - lr * g / (math.sqrt(v) + eps), v


def adam(theta, t, m, v, lr, betas, eps, weight_decay, decoupled=False):
    g = bowl(theta) + (0 if decoupled else weight_decay * theta)
    theta -= lr * weight_decay * theta if decoupled else 0
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g ** 2
    m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return theta - lr * m_hat / (math.sqrt(v_hat) + eps), m, v


def adamw(theta, t, m, v, **settings):
    return adam(theta, t, m, v, decoupled=True, **settings)


@pytest.mark.parametrize("rule, paper, memory, settings", [
    (optim.SGD, sgd, 1, {"lr": 0.05, "momentum": 0.8, "nesterov": False, "weight_decay": 0.1}),
    (optim.SGD, sgd, 1, {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    (optim.RMSprop, rmsprop, 1, {"lr": 0.05, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    (optim.Adam, adam, 2, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    (optim.Adam, adam, 2, {"lr": 0.1, "betas": (0.0, 0.9), "eps": 1e-3, "weight_decay": 0.0}),
    (optim.AdamW, adamw, 2, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
])
def test_paper(rule, paper, memory, settings):
    path = follow(rule, 12, **settings)
    for column, theta in enumerate((1.0, -2.0)):
        kept = [0.0] * memory
        for t in range(12):
            theta, *kept = paper(theta, t + 1, *kept, **settings)
            assert path[t, column] == pytest.approx(theta, rel=1e-12)


@pytest.mark.parametrize("rule, expected", [
    (optim.SGD, {"momentum": 0, "nesterov": False, "weight_decay": 0}),
    (optim.RMSprop, {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0}),
    (optim.Adam, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}),
    (optim.AdamW, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2})])
def test_defaults_are_pytorchs(rule, expected):
    parameters = inspect.signature(rule).parameters.values()
    assert {p.name: p.default for p in parameters if p.default is not p.empty} == expected


# ---- θ as one vector ----

SHAPES = [(3, 4), (5,), (), (2, 3, 2), (1,)]


def set_gradients(params, seed):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad = Tensor(rng.standard_normal(p.shape).astype("float32"))


def make_params(seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(np.array(rng.standard_normal(shape), "float32")) for shape in SHAPES]


RULES = {
    "SGD": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "RMSprop": lambda params: optim.RMSprop(params, lr=0.1, weight_decay=0.1),
    "Adam": lambda params: optim.Adam(params, lr=0.1, weight_decay=0.1),
    "AdamW": lambda params: optim.AdamW(params, lr=0.1, weight_decay=0.1),
}


@pytest.mark.parametrize("make", RULES.values(), ids=RULES)
@pytest.mark.parametrize("size", [1, 4, 7, 1000])
def test_where_the_vector_is_cut_changes_nothing(make, size, monkeypatch):
    whole, cut = make_params(), make_params()
    optimizers = [make(whole)]
    monkeypatch.setattr(optim.optimizer, "CACHE_RUN", size)
    optimizers.append(make(cut))
    for seed in range(3):
        for params, optimizer in zip((whole, cut), optimizers):
            set_gradients(params, seed)
            if seed == 1:
                params[1].grad = None
            optimizer.step()
    for p, q in zip(whole, cut):
        assert np.array_equal(to_numpy(p), to_numpy(q))


def test_the_vector_is_cut_into_runs_as_long_as_they_may_be(monkeypatch):
    if backend_name() != "numpy":
        pytest.skip("a GPU takes all at once")
    monkeypatch.setattr(optim.optimizer, "CACHE_RUN", 10)
    params = [Tensor(np.ones(n)) for n in (4, 4, 7, 2)]
    optimizer = optim.SGD(params, lr=0.1)

    def runs(*without):
        for i, p in enumerate(params):
            p.grad = None if i in without else Tensor(np.ones(p.shape))
        optimizer.step()
        return [run[:2] for run in optimizer.plan]
    assert runs() == [[0, 10], [10, 17]]
    assert runs(1) == [[0, 4], [8, 17]]
    assert runs(0, 3) == [[4, 14], [14, 15]]


@pytest.mark.parametrize("make", RULES.values(), ids=RULES)
def test_a_parameter_without_gradient_is_left_alone(make):
    params, alone = make_params(), make_params()
    kept = to_numpy(params[3]).copy()
    optimizer, others = make(params), make(alone[:3] + alone[4:])
    for seed in range(3):
        set_gradients(params, seed)
        set_gradients(alone, seed)
        params[3].grad = None
        optimizer.step()
        others.step()
    assert np.array_equal(to_numpy(params[3]), kept)
    for name, vector in optimizer.memory.items():
        assert not to_numpy(vector)[optimizer.starts[3]:optimizer.starts[4]].any(), name
    for i in (0, 1, 2, 4):
        assert np.array_equal(to_numpy(params[i]), to_numpy(alone[i]))


@pytest.mark.parametrize("g", [
    Tensor(np.ones((3, 2), "float32")), Tensor(np.ones(9, "float32")), Tensor(np.ones((2, 3))),
    np.ones((2, 3), "float32")], ids=["transposed", "longer", "float64", "array"])
def test_a_gradient_that_does_not_fit_is_refused(g):
    p = Tensor(np.zeros((2, 3), "float32"))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = g
    with pytest.raises(ValueError, match=r"Tensor \(2, 3\) float32 must be a Tensor of"):
        optimizer.step()
    assert not to_numpy(p).any()


def test_a_gradient_that_is_not_finite_is_refused_inside_detect_nan_only():
    p = Tensor([1.0])
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = Tensor([math.inf])
    with tg.detect_nan(), pytest.raises(FloatingPointError, match="nothing was updated"):
        optimizer.step()
    assert p.item() == 1
    optimizer.step()
    assert p.item() == -math.inf


def test_an_optimiser_is_not_copied():
    model = nn.Linear(2, 1, rng=np.random.default_rng(0))
    optimizer = optim.Adam(model.parameters())
    with pytest.raises(TypeError, match="Adam: .* load this one's state_dict"):
        copy.deepcopy((model, optimizer))


def test_a_frozen_parameter_stays_and_thaws():
    p, q = Tensor([1.0]), Tensor([2.0])
    optimizer = optim.AdamW([p, q], lr=0.1)
    for frozen in (True, False):
        q.requires_grad = not frozen
        optimizer.zero_grad()
        (p * q).backward()
        optimizer.step()
        assert (q.item() == 2.0) is frozen


def test_gradients_from_grad():
    p, q = Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]])
    optimizer = optim.SGD([p, q], lr=1.0)
    p.grad, q.grad = tg.grad((p + 2 * q).sum(), [p, q])  # views of one number, and read-only
    optimizer.step()
    assert to_numpy(p).tolist() == [[0.0, 1.0]] and to_numpy(q).tolist() == [[1.0, 2.0]]


def test_two_networks_with_an_optimiser_each():
    """A generator's step through a discriminator leaves the discriminator as it is."""
    g, d = Tensor([2.0]), Tensor([3.0])
    for_g, for_d = optim.SGD([g], lr=0.1), optim.SGD([d], lr=0.1)
    fake = g * 1.0
    (fake.detach() * d).backward()
    for_d.step()
    assert (g.item(), d.item()) == (2.0, pytest.approx(2.8))
    (fake * d).backward()  # made before the discriminator's step, and still good
    for_g.step()
    assert (g.item(), d.item()) == (pytest.approx(1.72), pytest.approx(2.8))


def test_weights_loaded_after_the_optimiser_was_made():
    model, other = [nn.Linear(2, 1, rng=np.random.default_rng(seed)) for seed in (0, 1)]
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model.load_state_dict(other.state_dict())
    model.weight.grad = Tensor(np.ones((1, 2), "float32"))
    optimizer.step()
    np.testing.assert_allclose(to_numpy(model.weight), to_numpy(other.weight) - 1)


def test_gradients_are_only_read():
    params = make_params()
    set_gradients(params, 0)
    before = [to_numpy(p.grad).copy() for p in params]
    for make in RULES.values():
        make(params).step()
    for p, g in zip(params, before):
        assert np.array_equal(to_numpy(p.grad), g)


def test_an_array_assigned_to_a_parameter_is_taken_in():
    p = Tensor([1.0, 2.0])
    optimizer = optim.SGD([p], lr=1.0)
    p.data = xp.asarray(np.array([5.0, 6.0], "float32"))
    p.grad = Tensor([1.0, 1.0])
    optimizer.step()
    assert to_numpy(p).tolist() == [4.0, 5.0]
    p.data = p.data.astype("float64")
    with pytest.raises(ValueError, match="is now .* float64; convert the model first"):
        optimizer.step()


def test_two_optimisers_may_share_a_parameter():
    p = Tensor([1.0])
    first, second = optim.SGD([p], lr=0.5), optim.SGD([p], lr=0.25)
    for optimizer, expected in [(first, 0.5), (second, 0.25), (first, -0.25), (second, -0.5)]:
        p.grad = Tensor([1.0])
        optimizer.step()
        assert to_numpy(p).tolist() == [expected]


def test_gradients_in_any_memory_layout():
    p = Tensor(np.zeros((2, 3), "float32"))
    p.grad = Tensor(np.arange(6, dtype="float32").reshape(3, 2)).T.detach()
    optim.SGD([p], lr=1.0).step()
    assert to_numpy(p).tolist() == [[0, -2, -4], [-1, -3, -5]]


def test_backward_through_a_forward_from_before_the_step_is_refused():
    p = Tensor([3.0])
    loss = (p * p).sum()
    p.grad = Tensor([1.0])
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(ValueError, match="written by an optimiser"):
        loss.backward()


# ---- going on from a saved state ----

@pytest.mark.parametrize("make", RULES.values(), ids=RULES)
def test_resuming_is_exact_to_the_bit(make, tmp_path):
    straight = make_params()
    optimizer = make(straight)
    for seed in range(6):
        if seed == 3:
            checkpoint.save(tmp_path / "c.npz", {"optimizer": optimizer.state_dict()})
            resumed = [Tensor(to_numpy(p)) for p in straight]
        set_gradients(straight, seed)
        optimizer.step()
    again = make(resumed)
    again.load_state_dict(checkpoint.load(tmp_path / "c.npz")["optimizer"])
    for seed in range(3, 6):
        set_gradients(resumed, seed)
        again.step()
    for p, q in zip(straight, resumed):
        assert np.array_equal(to_numpy(p), to_numpy(q))


def test_a_saved_state_is_a_copy():
    params = make_params()
    optimizer = optim.Adam(params)
    state = optimizer.state_dict()
    set_gradients(params, 0)
    optimizer.step()
    assert not state["m"].any() and state["t"] == 0


def test_a_foreign_state_is_refused():
    params = make_params()
    state = optim.Adam(params).state_dict()
    with pytest.raises(ValueError, match="SGD.load_state_dict: .*'m'.* use the same optimiser"):
        optim.SGD(params, lr=0.1).load_state_dict(state)
    with pytest.raises(ValueError, match="Adam.load_state_dict: .*pass the same parameters"):
        optim.Adam(params[1:]).load_state_dict(state)


@pytest.mark.parametrize("changes, message", [
    (dict(lr=-1.0), "lr must be a number of at least 0, got float -1.0"),
    (dict(lr=math.nan), "lr must be .* got float nan"),
    (dict(lr="0.1"), "lr must be .* got str '0.1'"),
    (dict(t=-1), "t must be a whole number of at least 0, got int -1"),
    (dict(t=2.5), "t must be .* got float 2.5"),
    (dict(t=True), "t must be .* got bool True"),
    (dict(shapes=None), "the state is for parameters of shapes None, .* pass the same parameters"),
    (dict(shapes=[6, [2]]), r"the state is .* of shapes \[6, \[2\]\], .* pass the same parameters"),
    (dict(v=np.float32(2)), r"v must be an array of \d+ floats, got float32 \(\)"),
    (dict(v=np.zeros(3, "float32")), r"v must be an array of \d+ floats, got ndarray \(3,\)"),
    (dict(v=[0.0]), "v must be an array of .* floats, got list"),
    (dict(v=None), "v must be an array of .* floats, got NoneType None"),
    (dict(v="nan"), "v holds NaN or infinity; load an earlier state"),
    (dict(v="int"), "v must be an array of .* floats, got ndarray .* int64"),
])
def test_a_refused_state_changes_nothing(changes, message):
    params = make_params()
    optimizer = optim.Adam(params)
    set_gradients(params, 0)
    optimizer.step()
    before = optimizer.state_dict()
    bad = {**before, "lr": 0.5, "t": 7, "m": before["m"] + 1, **changes}
    if isinstance(bad["v"], str):
        bad["v"] = (np.append(before["v"][1:], math.nan) if bad["v"] == "nan"
                    else before["v"].astype("int64"))
    with pytest.raises(ValueError, match=f"Adam.load_state_dict: {message}"):
        optimizer.load_state_dict(bad)
    after = optimizer.state_dict()
    assert [after[name] for name in ("lr", "t", "shapes")] == [1e-3, 1, before["shapes"]]
    assert all(np.array_equal(after[name], before[name]) for name in "mv")


def test_a_state_that_is_no_dict_is_refused():
    with pytest.raises(TypeError, match="Adam.load_state_dict: the state must be a dict, got list"):
        optim.Adam(make_params()).load_state_dict([1, 2])


# ---- schedules ----

def test_warmup_cosine():
    factors = [optim.warmup_cosine(step, warmup=3, total=11, final=0.2) for step in range(14)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0]
    assert factors[7] == pytest.approx(0.6)  # halfway from 3 to 11
    assert factors[5] == pytest.approx(0.2 + 0.8 * 0.5 * (1 + math.cos(math.pi / 4)))
    assert factors[11:] == pytest.approx([0.2, 0.2, 0.2])
    assert factors[3:12] == sorted(factors[3:12], reverse=True)
    assert [optim.warmup_cosine(step, warmup=0, total=5) for step in (0, 5)] == [1.0, 0.0]
    with pytest.raises(ValueError, match="warmup_cosine: .* got warmup=5, total=5"):
        optim.warmup_cosine(0, warmup=5, total=5)


def test_step_decay():
    assert [optim.step_decay(step, every=2, factor=0.5) for step in range(5)] == [
        1, 1, 0.5, 0.5, 0.25]
    assert optim.step_decay(1, every=1) == 0.1


# ---- clipping ----

def test_clip_grad_norm():
    p, q = Tensor([0.0, 0.0]), Tensor([[0.0]])
    p.grad, q.grad = Tensor([3.0, 0.0]), Tensor([[4.0]])
    assert optim.clip_grad_norm([p, q, Tensor([1.0])], 10.0) == pytest.approx(5.0)
    assert to_numpy(p.grad).tolist() == [3.0, 0.0]  # below the limit: untouched
    assert optim.clip_grad_norm(iter([p, q]), 4.0) == pytest.approx(5.0)
    assert to_numpy(p.grad) == pytest.approx([2.4, 0.0])
    assert to_numpy(q.grad) == pytest.approx(np.array([[3.2]]))
    assert p.grad.dtype == "float32"


def test_clip_grad_norm_of_one_tensor():
    p = Tensor([3.0, 4.0])
    (p * p).sum().backward()
    assert optim.clip_grad_norm(p, 1.0) == 10
    np.testing.assert_allclose(to_numpy(p.grad), [0.6, 0.8], rtol=1e-6)


def test_clip_grad_norm_where_two_gradients_are_one_array():
    p, q = Tensor([0.0]), Tensor([0.0])
    (p + q).backward(xp.asarray(np.array([2.0], "float32")))
    norm = optim.clip_grad_norm([p, q], 1.0)
    assert norm == pytest.approx(math.sqrt(8))
    assert [p.grad.item(), q.grad.item()] == pytest.approx([math.sqrt(0.5)] * 2)


def test_clip_grad_norm_refuses_what_is_not_finite():
    p, q = Tensor([0.0]), Tensor([0.0, 0.0])
    with pytest.raises(ValueError, match="clip_grad_norm: no parameter has a gradient"):
        optim.clip_grad_norm([p, q], 1.0)
    p.grad, q.grad = Tensor([1.0]), Tensor([1.0, math.nan])
    with pytest.raises(FloatingPointError, match=r"1 of 2, of shapes \[\(2,\)\].*detect_nan"):
        optim.clip_grad_norm([p, q], 1.0)
    q.grad = Tensor([math.inf, 0.0])
    with pytest.raises(FloatingPointError, match="is inf"):
        optim.clip_grad_norm([p, q], 1.0)


def test_clip_grad_norm_says_that_finite_gradients_are_too_large(recwarn):
    p, q = Tensor([0.0, 0.0]), Tensor([0.0])
    for a, b in ((3, 2), (1.7, 1.6)):  # a square overflows, or only the sum of two
        p.grad, q.grad = Tensor([1.0, -a * 1e19]), Tensor([b * 1e19])
        with pytest.raises(FloatingPointError, match=rf"up to {a:.1f}e\+19, .* learning rate"):
            optim.clip_grad_norm([p, q], 1.0)
    assert not recwarn.list


# ---- and all of it together ----

def test_a_small_network_learns_xor():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Tanh(), nn.Linear(8, 1, rng=rng))
    x = xp.asarray(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32"))
    target = xp.asarray(np.array([[0], [1], [1], [0]], "float32"))
    optimizer = optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.0)
    for step in range(300):
        optimizer.lr = 0.05 * optim.warmup_cosine(step, warmup=10, total=300)
        error = model(x) - target
        loss = (error * error).mean()
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
    assert loss.item() < 1e-3
