"""The backend proxy, and the stand-in library: a test for each refusal, which a lax one fails."""
import os
import pathlib
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

import tinygen as tg
from tests import standin
from tinygen import backend
from tinygen.backend import np, use_backend, xp
from tinygen.operation import mode

IMPLICIT = "Implicit conversion to a NumPy array"
ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def the_backend_stays():
    before = xp._module
    yield
    use_backend(before)


@pytest.fixture
def a():
    """[[0, 1, 2], [3, 4, 5]] in float32, on the stand-in."""
    return standin.asarray(np.arange(6, dtype=np.float32).reshape(2, 3))


def python(program, **environment):
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, text=True, check=False,
                          capture_output=True, env={**os.environ, **environment})


# tinygen.backend

def test_xp_follows_use_backend():
    for library in (np, standin, np):
        use_backend(library)
        assert xp.ndarray is library.ndarray and xp.float32 is np.float32
        assert type(xp.exp(xp.zeros(2))) is library.ndarray
        assert backend.backend_name() == library.__name__ and library.__name__ in repr(xp)


def test_xp_looks_a_name_up_once():
    looked_up = []

    class Library:
        __name__, ndarray = "counting", None

        def __getattr__(self, name):
            looked_up.append(name)
            return len(looked_up)

    use_backend(Library())
    assert (xp.exp, xp.exp, xp.log) == (1, 1, 2) and looked_up == ["exp", "log"]


def test_xp_without_such_a_name():
    for library in (np, standin):
        use_backend(library)
        assert not hasattr(xp, "no_such_function")


def test_use_backend_by_name():
    use_backend(standin)
    use_backend("numpy")
    assert backend.backend_name() == "numpy"


def test_use_backend_refuses_an_unknown_name():
    before = xp._module
    with pytest.raises(ValueError, match="one of numpy, cupy, or a module .* got 'torch'"):
        use_backend("torch")
    assert xp._module is before


def no_device(size):
    """Like CuPy's zeros without a GPU; an empty array needs no memory."""
    if size:
        raise RuntimeError("cudaErrorNoDevice")


@pytest.mark.parametrize("module", [None, SimpleNamespace(zeros=no_device)],
                         ids=["not installed", "no GPU"])
def test_use_backend_says_how_to_install(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "cupy", module)
    before = xp._module
    with pytest.raises(ImportError, match=r"cupy cannot be used here .*pip install 'tinygen\[cuda"):
        use_backend("cupy")
    assert xp._module is before


def test_environment_variable():
    show = "import tinygen.backend as b; print(b.backend_name())"
    assert python(show, TINYGEN_BACKEND="numpy").stdout == "numpy\n"
    assert python(show, TINYGEN_BACKEND="").stdout == "numpy\n"
    assert "got 'abacus'" in python(show, TINYGEN_BACKEND="abacus").stderr
    # A module named cupy that is found first stands for an installed CuPy.
    cupy = "import sys; from tests import standin; sys.modules['cupy'] = standin;"
    assert python(cupy + show, TINYGEN_BACKEND="cupy").stdout == "tests.standin\n"


def test_is_array_knows_the_library_in_use(a):
    use_backend(standin)
    assert backend.is_array(a) and not backend.is_array(np.ones(2))
    use_backend(np)
    assert backend.is_array(np.ones(2)) and not backend.is_array(a)
    assert not backend.is_array(1.0) and not backend.is_array(np.float32(1))


def test_to_numpy(a):
    class Tensor:
        requires_grad = True

        def __init__(self, data):
            self.data = data

    host = np.arange(3.0)
    for value in (host, standin.asarray(host), Tensor(host), Tensor(standin.asarray(host))):
        numbers = backend.to_numpy(value)
        assert type(numbers) is np.ndarray and numbers.tolist() == [0.0, 1.0, 2.0]
    assert backend.to_numpy(host) is host and backend.to_numpy(Tensor(host)) is host


# Checks that a GPU is not waited for

def refuse(what):
    def error():
        return ValueError(f"{what} is wrong")
    return error


def test_a_cpu_raises_at_once():
    use_backend(np)
    backend.require(np.bool_(True), refuse("nothing"))
    with pytest.raises(ValueError, match="this is wrong"):
        backend.require(np.array(False), refuse("this"))
    with pytest.raises(IndexError, match="3"):
        backend.require(np.bool_(False), lambda n: IndexError(f"{n:g}"), np.int64(3))
    assert backend.settle(np.float32(0.5), np.array(2)) == [0.5, 2.0]


@pytest.mark.parametrize("read", [
    lambda a: backend.settle(), lambda a: backend.to_numpy(a), lambda a: tg.Tensor(a.sum()).item(),
    lambda a: float(tg.Tensor(a.sum()))], ids=["settle", "to_numpy", "item", "float"])
def test_a_gpu_raises_once_something_is_read(a, read):
    use_backend(standin)
    standin.counts.clear()
    for what, holds in (("nothing", True), ("this", False), ("that", False)):
        backend.require(standin.asarray(holds), refuse(what))
    assert standin.counts["waits"] == 0
    with pytest.raises(ValueError, match="this is wrong"):
        read(a)
    assert standin.counts["waits"] == 1
    read(a)  # it was told


def test_what_an_error_shows_is_what_was_there_then():
    use_backend(standin)
    ids = standin.asarray([0, 7])
    tg.embedding(ids, standin.ones((3, 2)))
    ids[...] = 0
    with pytest.raises(ValueError, match="got 0 to 7"):
        backend.settle()


def test_checks_do_not_pile_up(a, monkeypatch):
    monkeypatch.setattr(backend, "MOST_UNREAD", 10)
    use_backend(standin)
    for _ in range(25):
        backend.require(a.sum() > 0, refuse("nothing"))
    assert len(backend._unread.checks) == 5
    with pytest.raises(ValueError, match="this is wrong"):
        for i in range(10):
            backend.require(a.sum() > i * 100, refuse("this"))


def test_another_backend_has_no_part_in_them():
    use_backend(standin)
    backend.require(standin.asarray(False), refuse("this"))
    use_backend(standin)
    assert backend.settle() == []


def test_each_thread_hears_of_its_own_mistakes():
    use_backend(standin)
    other = threading.Thread(target=lambda: backend.require(standin.asarray(False), refuse("it")))
    other.start()
    other.join()
    assert backend.settle() == []


def test_a_step_after_a_mistake_updates_nothing(monkeypatch):
    monkeypatch.setattr(mode, "reject_writes", False)  # which reads every array
    use_backend(standin)
    table = tg.Tensor(np.ones((3, 2), "float32"))
    optimizer = tg.optim.Adam([table])
    tg.embedding(standin.asarray([0, 3]), table).sum().backward()
    with pytest.raises(ValueError, match="embedding: ids run from 0 to 2 .* got 0 to 3"):
        optimizer.step()
    assert optimizer.t == 0 and (backend.to_numpy(table) == 1).all()


def test_settle_reads_several_numbers_in_one_wait(a):
    use_backend(standin)
    standin.counts.clear()
    assert backend.settle(a.sum(), a.max()) == [15.0, 5.0]
    assert standin.counts["waits"] == 1
    assert backend.settle() == [] and standin.counts["waits"] == 1


# The stand-in: nothing crosses over by itself

@pytest.mark.parametrize("convert", [np.asarray, np.array, lambda a: np.array([a[0, 0], a[0, 1]]),
                                     lambda a: np.zeros((2, 3)).__setitem__(slice(None), a)])
def test_no_implicit_download(a, convert):
    with pytest.raises(TypeError, match=IMPLICIT):
        convert(a)


@pytest.mark.parametrize("function", [
    np.exp, np.sum, np.max, np.shape, np.add.reduce, np.zeros_like,
    lambda a: np.concatenate([a, a]), lambda a: np.where(a, a, a),
    lambda a: np.add(np.ones(3), a), lambda a: np.dot(a, a)])
def test_numpy_functions_refuse(a, function):
    with pytest.raises(TypeError, match="another library|does not support ufuncs"):
        function(a)


@pytest.mark.parametrize("mix", [
    lambda a, n: a + n, lambda a, n: n + a, lambda a, n: a @ n.T, lambda a, n: n.T @ a,
    lambda a, n: a < n, lambda a, n: n < a, lambda a, n: a == n, lambda a, n: a.__iadd__(n),
    lambda a, n: n.__iadd__(a), lambda a, n: a * n.sum(keepdims=True),
    lambda a, n: standin.exp(n), lambda a, n: standin.add(a, n), lambda a, n: standin.sum(n),
    lambda a, n: standin.where(a > 0, a, n), lambda a, n: standin.concatenate([a, n]),
    lambda a, n: standin.concatenate([n, n]), lambda a, n: standin.einsum("ij,ij->", a, n),
    lambda a, n: a.dot(n.T), lambda a, n: a.clip(n, n), lambda a, n: standin.zeros_like(n),
    lambda a, n: standin.exp(a, out=n), lambda a, n: a.sum(0, out=n[0]),
    lambda a, n: standin.add.at(a, 0, n), lambda a, n: standin.add.at(n, 0, a),
    lambda a, n: standin.copyto(a, n), lambda a, n: a.__setitem__(0, n[0]),
    lambda a, n: a[n[0].astype(int)], lambda a, n: a[0, n[0].astype(int)], lambda a, n: a[n > 0],
    lambda a, n: standin.take(a, n.astype(int)),
    lambda a, n: standin.add.at(a, n[0].astype(int), 1.0)])
def test_no_implicit_upload(a, mix):
    with pytest.raises(TypeError):
        mix(a, np.ones((2, 3), np.float32))


@pytest.mark.parametrize("mix", [lambda a: a + [1.0, 2.0, 3.0], lambda a: standin.exp([1.0]),
                                 lambda a: standin.maximum(a, (0, 0, 0)), lambda a: a * None,
                                 lambda a: a.__setitem__(0, [1.0, 2.0, 3.0]), lambda a: "x" * a])
def test_operands_are_arrays_or_numbers(a, mix):
    with pytest.raises(TypeError, match="Unsupported type"):
        mix(a)


def test_scalars_are_welcome_and_python_s_are_weak(a):
    for number in (2, 2.0, True, np.float32(2), np.int8(2)):
        for result in (a * number, number * a, standin.maximum(a, number), a ** number):
            assert type(result) is standin.ndarray and result.dtype == np.float32
    assert (a * np.float64(2)).dtype == (np.float64(2) * a).dtype == np.float64
    a += 1
    a[0] = np.float32(7)
    assert a.tolist() == [[7, 7, 7], [4, 5, 6]]


def test_transfers_copy():
    host = np.arange(3.0)
    for upload in (standin.asarray, standin.array):
        there = upload(host)
        there += 1
        there.get()[0] = 99
        assert host.tolist() == [0, 1, 2] and there.tolist() == [1, 2, 3]
    assert standin.asarray(there) is there and standin.array(there) is not there
    assert standin.asarray(there, np.float32).dtype == np.float32
    assert standin.asarray([[1, 2], [3, 4]]).shape == (2, 2)
    assert standin.asarray([there.sum(), there.max()]).tolist() == [6, 3]
    assert standin.array([host, host]).shape == (2, 3)


@pytest.mark.parametrize("values", [["a", "b"], [None, object()]])
def test_only_numbers_are_uploaded(values):
    with pytest.raises(ValueError, match="Unsupported dtype"):
        standin.asarray(values)


# The stand-in: no scalars, no sizes from arrays

@pytest.mark.parametrize("zero_d", [
    lambda a: a.sum(), lambda a: a.mean(), lambda a: a.max(), lambda a: a.argmax(),
    lambda a: a.all(), lambda a: a[0, 1], lambda a: a[0] @ a[0], lambda a: a.sum() + a.sum(),
    lambda a: next(iter(a[0])), lambda a: standin.sum(a), lambda a: standin.dot(a[0], a[0]),
    lambda a: standin.add.reduce(a[0]), lambda a: standin.exp(1.0), lambda a: standin.asarray(3.0),
    lambda a: standin.allclose(a, a), lambda a: standin.linalg.norm(a),
    lambda a: standin.unique(a, return_counts=True)[0][0]])
def test_no_scalars(a, zero_d):
    result = zero_d(a)
    assert type(result) is standin.ndarray and result.shape == ()
    assert type(result.get()) is np.ndarray
    assert isinstance(result.item(), (bool, int, float)) and float(result) == result.item()
    assert int(result) == int(result.item()) and bool(result) == bool(result.item())


def test_shapes_stay_plain(a):
    assert standin.shape(a) == a.shape == (2, 3) and type(a.size) is int and standin.ndim(a) == 2


@pytest.mark.parametrize("use", [
    lambda n: standin.zeros(n), lambda n: standin.zeros((2, n)), lambda n: standin.eye(n),
    lambda n: standin.ones(6).reshape(n, 2), lambda n: standin.reshape(standin.ones(3), n),
    lambda n: standin.ones(6).reshape((n, n)), lambda n: standin.zeros((n,)),
    lambda n: standin.full((2, n), 0.0), lambda n: standin.pad(standin.ones(2), (0, n)),
    lambda n: standin.broadcast_to(standin.ones(1), (n,)), lambda n: np.zeros(n),
    lambda n: range(n), lambda n: [1, 2][n], lambda n: len(n), lambda n: list(n)])
def test_a_0d_array_is_no_size(use):
    with pytest.raises(TypeError):
        use(standin.asarray(3))


def test_arrays_are_not_hashable(a):
    with pytest.raises(TypeError, match="unhashable"):
        hash(a)


# The stand-in: what CuPy lacks

@pytest.mark.parametrize("name", [
    "put_along_axis", "errstate", "nditer", "vecdot", "block", "insert", "concat", "pow", "bool",
    "permute_dims", "str_", "random", "ma", "testing", "r_"])
def test_missing_names(name):
    assert not hasattr(standin, name)


@pytest.mark.parametrize("name", [
    "ctypes", "setflags", "resize", "mT", "data", "__array_interface__", "__index__",
    "__imatmul__"])
def test_missing_attributes(a, name):
    assert not hasattr(a, name)


@pytest.mark.parametrize("call", [
    lambda a: standin.add(a, a, where=a > 0), lambda a: standin.exp(a, order="F"),
    lambda a: a.sum(initial=1.0), lambda a: standin.max(a, where=a > 0, initial=0),
    lambda a: a.var(correction=1), lambda a: standin.argsort(a, stable=True),
    lambda a: standin.zeros(2, device="cpu"),
    lambda a: standin.lib.stride_tricks.as_strided(a, (2,), (4,), writeable=False)])
def test_missing_keywords(a, call):
    with pytest.raises(TypeError, match="no keyword"):
        call(a)


def test_missing_ufunc_methods(a):
    for call in (lambda: standin.multiply.at(a, 0, 2.0), lambda: standin.maximum.reduce(a)):
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(TypeError, match="only supports"):
        standin.add.at(standin.zeros(3, np.int64), 0, 1)


def test_every_name_it_lends_is_in_cupy():
    cupy = pytest.importorskip("cupy")
    lent = [name for name in dir(np) if not name.startswith("_") and hasattr(standin, name)]
    assert len(lent) > 300 and not [name for name in lent if not hasattr(cupy, name)]
    methods = [name for name in dir(standin.ndarray) if name != "_host"]
    assert not [name for name in methods if not hasattr(cupy.ndarray, name)]


# The stand-in: views, layout, out=

def test_writing_through_a_view_is_seen(a):
    a[0, 1][...] = 10
    element = a[1, 2]
    element += 40
    a.T[0] = 20
    a.reshape(6)[1:3] += 1
    standin.lib.stride_tricks.as_strided(a, (2,), (a.itemsize,))[:] = -1
    for row in a:
        row[2] += 0.5
    assert a.get().tolist() == [[-1, -1, 3.5], [20, 4, 45.5]]
    windows = standin.lib.stride_tricks.sliding_window_view(a, 2, axis=1)
    assert windows.shape == (2, 2, 2) and standin.shares_memory(windows, a)


def test_indices_may_be_arrays_of_the_library(a):
    rows, columns = standin.asarray([1, 0]), standin.asarray([2, 2])
    assert a[rows, columns].tolist() == [5, 2] and a[..., columns].shape == (2, 2)
    assert a[a > 3].tolist() == [4, 5] and a[rows[0]].tolist() == [3, 4, 5]
    a[rows, columns] = standin.zeros(2)
    a[a > 3] = 9
    standin.add.at(a, (slice(None), standin.asarray([0, 0])), 1.0)  # the scatter adds twice
    assert a.tolist() == [[2, 1, 0], [5, 9, 0]]


@pytest.mark.parametrize("key, same", [
    ((5,), (2,)), ((slice(None), 4), (slice(None), 1)), ((None, -5), (None, 1)),
    ((..., 3), (..., 0)), ((7, 5), (1, 2))])
def test_indices_out_of_range_wrap_around(a, key, same):
    b = standin.asarray(np.arange(9.0).reshape(3, 3))

    def uploaded(key):
        return tuple(standin.asarray([k]) if isinstance(k, int) else k for k in key)
    assert np.array_equal(b[uploaded(key)].get(), b[uploaded(same)].get())
    b[uploaded(key)] = -1.0
    standin.add.at(b, uploaded(key), standin.asarray(1.0))
    assert (b[uploaded(key)].get() == 0).all()


def test_what_costs_time_is_counted(a):
    standin.counts.clear()
    b = (a + a)[:, 1:].T.reshape(-1)  # views are free
    assert standin.counts == {"launches": 1}
    b[standin.asarray([0, 1])] = 0
    assert b.sum() > 0 and float(b.max()) and b.get() is not None
    standin.exp(b, out=b)
    assert standin.counts == {"launches": 6, "waits": 3}


def test_out_is_the_same_object(a):
    out = standin.zeros((2, 3), np.float32)
    assert standin.exp(a, out=out) is out and standin.exp(a, out) is out
    standin.matmul(a, a.T, out=out[:, :2])
    assert out[:, :2].tolist() == [[5, 14], [14, 50]]
    assert a.sum(0, out=out[0]).tolist() == out[0].tolist() == [3, 5, 7]
    before = a
    a += a
    assert a is before and a.tolist() == [[0, 2, 4], [6, 8, 10]]


def test_elementwise_results_lie_in_c_order(a):
    turned = a.T
    assert turned.flags.f_contiguous and (np.ones((2, 3)).T + 1).flags.f_contiguous
    assert (turned + 1).flags.c_contiguous and standin.exp(turned).flags.c_contiguous


# The stand-in: who answers a * b

class Other:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __rmul__(self, other):
        return "other"

    def __gt__(self, other):
        return "other"


@pytest.mark.parametrize("other, asks", [
    (Other(__array_ufunc__=None), True), (Other(__array_ufunc__=print), False),
    (Other(__array_priority__=1000), True), (Other(__array_priority__=100), False),
    (Other(__array_ufunc__=print, __array_priority__=1000), False), (Other(), False)])
def test_deferral_asks_the_instance(a, other, asks):
    if asks:
        assert a * other == "other" and (a < other) == "other"
    else:
        with pytest.raises(TypeError, match="Unsupported type"):
            a * other
    with pytest.raises(TypeError, match="Unsupported type"):
        a *= other
    with pytest.raises(TypeError, match="Unsupported type"):
        other - a
