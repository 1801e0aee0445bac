"""Parts of a kernel on several threads."""
import gc
import os
import subprocess
import sys
import threading
import time
import types
import weakref
from pathlib import Path

import pytest

import tinygen as tg
from tinygen import threads
from tinygen.backend import np, to_numpy, xp
from tinygen.ops.kernels import even_parts, product
from tinygen.threads import on_all_cores

ROOT = Path(__file__).parents[2]
BLAS = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
pytestmark = pytest.mark.skipif("openblas" not in BLAS, reason="NumPy has another BLAS")


@pytest.fixture(params=[1, 2, 4])
def n(request):
    """A number of threads, which is set meanwhile."""
    before = tg.set_threads(request.param)
    yield request.param
    tg.set_threads(before)


def python(program, **environment):
    inherited = {name: value for name, value in os.environ.items() if name != "TINYGEN_THREADS"}
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, text=True, check=False,
                          capture_output=True, env={**inherited, **environment}, timeout=60)


def slowly(part):
    """The thread that computes this part, long enough for others to take part."""
    time.sleep(0.02)
    return threading.get_ident()


# on_all_cores

def test_results_come_in_the_order_of_the_parts(n):
    assert on_all_cores(lambda part: part ** 2, range(100)) == [i ** 2 for i in range(100)]
    assert on_all_cores(lambda part: part, []) == []


def test_so_many_threads_take_part(n):
    used = set(on_all_cores(slowly, range(12)))
    assert len(used) == n and threading.get_ident() in used


def test_the_caller_goes_on_as_soon_as_the_last_part_is_done(n):
    before = time.perf_counter()
    for _ in range(20):
        on_all_cores(time.sleep, [0.001, 0.01])
    assert time.perf_counter() - before < 1.5  # 0.2, or 2 if it looked only every tenth of a second


def test_inside_a_part_parts_stay_where_they_are(n):
    def outer(part):
        return threading.get_ident(), set(on_all_cores(slowly, range(3)))
    for here, inner in on_all_cores(outer, range(4)):
        assert inner == {here}
    assert len(set(on_all_cores(slowly, range(12)))) == n  # and afterwards they are shared again


def test_the_first_part_that_fails_raises_and_ends_the_others(n):
    done = []

    def work(part):
        if part in (2, 3):
            time.sleep(0.01 * (4 - part))  # 3 fails before 2
            raise ZeroDivisionError(f"part {part}")
        time.sleep(0.001)
        done.append(part)
    with pytest.raises(ZeroDivisionError, match="part 2" if n == 1 else "part [23]"):
        on_all_cores(work, range(1000))
    assert len(done) < 100
    count = len(done)
    time.sleep(0.05)
    assert len(done) == count  # no thread went on
    assert on_all_cores(str, range(3)) == ["0", "1", "2"]


def test_threads_have_the_callers_errstate(n):
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        on_all_cores(lambda part: (time.sleep(0.01), np.ones(1) / np.zeros(1)), range(4))
    with np.errstate(divide="ignore"):
        on_all_cores(lambda part: np.ones(1) / np.zeros(1), range(4))


def test_nothing_is_kept_of_a_job(n):
    array = np.ones(3)
    alive = weakref.ref(array)
    on_all_cores(lambda part, array=array: slowly(part), range(4))
    del array
    for _ in range(100):  # a thread may be about to let go
        if alive() is None:
            break
        time.sleep(0.01)
    assert alive() is None


def test_callers_in_several_threads_do_not_meet(n):
    wrong = []

    def call(k):
        for _ in range(50):
            if on_all_cores(lambda part: k * part, range(20)) != [k * i for i in range(20)]:
                wrong.append(k)
    callers = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


def test_nothing_is_kept_of_a_job_that_fails(n):
    array = np.ones(3)
    alive = weakref.ref(array)
    gc.disable()  # nor does it take the collector
    try:
        with pytest.raises(ZeroDivisionError):
            on_all_cores(lambda part, array=array: slowly(part) / 0, range(4))
        del array
        for _ in range(100):
            if alive() is None:
                break
            time.sleep(0.01)
        assert alive() is None
    finally:
        gc.enable()


def test_where_no_thread_can_be_started_the_caller_does_it_all(n, monkeypatch):
    class NoThread:
        def __init__(self, **settings):
            raise RuntimeError("can't start new thread")
    monkeypatch.setattr(threads, "pool", threads.Pool(n))
    monkeypatch.setattr(threads.threading, "Thread", NoThread)
    assert set(on_all_cores(slowly, range(4))) == {threading.get_ident()}
    assert threads.pool.jobs.empty()


CTRL_C = """
import os, random, signal, threading, time
import tinygen as tg
from tinygen.threads import on_all_cores, pool
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was ignored
tg.set_threads(3)
def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_raises_once_every_thread_has_stopped():
    ran = python(CTRL_C + """
working = set()
def work(part):
    working.add(part)
    time.sleep(0.1)
    working.discard(part)
threading.Timer(0.25, ctrl_c).start()
try:
    on_all_cores(work, range(1000))
except KeyboardInterrupt:
    here = set(working)  # the caller's own part, which was cut short
    time.sleep(0.3)
    print(len(here) <= 1, working == here)
print(on_all_cores(lambda part: part, range(3)))
""")
    assert ran.stdout == "True True\n[0, 1, 2]\n", ran.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_at_any_moment_leaves_the_threads_fit():
    """A hundred of them, milliseconds apart: a lost count or lock would hang."""
    ran = python(CTRL_C + """
interrupts, armed, enough = 0, False, threading.Event()
def interrupt(*_):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, interrupt)
def keep_interrupting():
    while not enough.is_set():
        time.sleep(random.random() * 0.004)
        ctrl_c()
threading.Thread(target=keep_interrupting).start()
while interrupts < 100:
    try:
        armed = True
        on_all_cores(lambda part: 2.0 * part, range(40))
        armed = False
    except KeyboardInterrupt:
        interrupts += 1
enough.set()
print(pool.here.inside, on_all_cores(lambda part: part, range(3)))
""")
    assert ran.stdout == "False [0, 1, 2]\n", ran.stderr


def test_ctrl_c_while_others_do_the_last_parts_is_kept_for_the_end():
    job, asked = threads.Job(None, []), []
    job.helping.add("another")

    def get(timeout=None):
        asked.append(timeout)
        if len(asked) == 1:
            raise KeyboardInterrupt
        job.helping.clear()
    job.left = types.SimpleNamespace(get=get)
    with pytest.raises(KeyboardInterrupt):
        job.end()
    assert len(asked) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_threads_of_its_own():
    program = """
import os, threading
import tinygen as tg
from tinygen.threads import on_all_cores
tg.set_threads(3)
all_three = threading.Barrier(3)
def work(part):
    all_three.wait(30)
    return part
assert on_all_cores(work, range(3)) == [0, 1, 2]
child = os.fork()
assert on_all_cores(work, range(3)) == [0, 1, 2]
if child:
    print(os.waitpid(child, 0)[1])
"""
    ran = python(program)
    assert ran.stdout == "0\n", ran.stderr


# how many

@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, "2", None])
def test_a_number_of_threads_is_whole_and_at_least_one(wrong):
    with pytest.raises(ValueError, match="set_threads: the number of threads must be a whole"):
        tg.set_threads(wrong)


@pytest.mark.parametrize("settings, expected", [
    ({"TINYGEN_THREADS": "3"}, "3"), ({"TINYGEN_THREADS": "1"}, "1"),
    ({"OPENBLAS_NUM_THREADS": "1"}, "1")])
def test_the_environment_says_how_many(settings, expected):
    ran = python("from tinygen import threads; print(threads.pool.threads)", **settings)
    assert ran.stdout.strip() == expected


@pytest.mark.parametrize("wrong", ["0", "-2", "two", "1.5", ""])
def test_a_wrong_number_in_the_environment_is_refused(wrong):
    ran = python("import tinygen", TINYGEN_THREADS=wrong)
    assert "TINYGEN_THREADS: the number of threads must be a whole" in ran.stderr


@pytest.mark.parametrize("told", ["0", "-1", "x"])
def test_the_variable_is_named(monkeypatch, told):
    monkeypatch.setenv("TINYGEN_THREADS", told)
    with pytest.raises(ValueError, match="TINYGEN_THREADS: the number .* got '" + told):
        threads._default_threads(4)


def test_a_containers_share_counts(monkeypatch):
    monkeypatch.delenv("TINYGEN_THREADS", raising=False)
    monkeypatch.setattr(threads, "_container_share", lambda: 3)
    assert [threads._default_threads(n) for n in (2, 3, 64)] == [2, 3, 3]


@pytest.mark.parametrize("text, expected", [
    ("150000 100000\n", 2), ("100000 100000\n", 1), ("max 100000\n", float("inf"))])
def test_a_containers_share_is_read(monkeypatch, tmp_path, text, expected):
    (tmp_path / "cpu.max").write_text(text)
    monkeypatch.setattr(threads, "Path", lambda name: tmp_path / Path(name).name)
    assert threads._container_share() == expected
    (tmp_path / "cpu.max").unlink()
    assert threads._container_share() == float("inf")


def test_without_openblas_everything_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(threads, "usual_threads", None)
    monkeypatch.setattr(threads.pool, "threads", 1)
    tg.set_threads(4)
    assert threads.pool.threads == 1
    monkeypatch.setattr(threads, "_openblas_threads", lambda: None)
    assert threads.set_blas_threads(3) is None
    ran = python("import ctypes, types; ctypes.CDLL = lambda path: types.SimpleNamespace();"
                 "from tinygen import threads; print(threads.usual_threads, threads.pool.threads)")
    assert ran.stdout == "None 1\n", ran.stderr


def test_numpys_products_have_one_thread():
    ran = python("from tinygen import threads; print(threads.set_blas_threads(1))",
                 OPENBLAS_NUM_THREADS="2")
    assert ran.stdout.strip() == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process has loaded")
def test_the_systems_openblas_is_found(monkeypatch, tmp_path):
    """It lies beside neither NumPy nor its libraries."""
    monkeypatch.setattr(threads.np, "__file__", str(tmp_path / "numpy/__init__.py"))
    assert threads.set_blas_threads(1) == 1


def test_another_build_of_openblas_is_left_alone(monkeypatch):
    """One with OpenMP's threads, or with none."""
    get, set_to = threads._openblas_threads()
    for parallel in (0, 1, 2):
        library = {"openblas_get_num_threads": get, "openblas_set_num_threads": set_to,
                   "openblas_get_parallel": lambda kind=parallel: kind,
                   "scipy_openblas_get_num_threads": get}  # one name of three is not enough
        monkeypatch.setattr(threads.ctypes, "CDLL", lambda path: types.SimpleNamespace(**library))
        found = threads._openblas_threads()
        assert found == ([get, set_to] if parallel == 1 else None)


# products in parts

@pytest.mark.parametrize("rows, inner, columns", [
    (700, 300, 100), (100, 300, 700), (4099, 65, 130), (50, 3000, 257), (300, 1, 200), (5, 4, 3),
    (0, 4, 3), (3, 0, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_in_parts(rng, n, rows, inner, columns, dtype):
    a, b = rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))
    a, b, within = a.astype(dtype), b.astype(dtype), 3e-4 if dtype == "float32" else 1e-11
    expected = a.astype("float64") @ b.astype("float64")
    for x, y in ((a, b), (np.asfortranarray(a), b), (a, np.asfortranarray(b)),
                 (np.stack([a, a]), np.stack([b, b]))):
        got = product(x, y)
        if x.ndim == 3:
            got, again = got
            assert got.tobytes() == again.tobytes()
        assert got.dtype == dtype and got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=0, atol=within)


@pytest.mark.parametrize("a, b", [((5, 1), (1,)), ((1,), (1, 5)), ((4000, 2000), (2000,)),
                                  ((2000,), (2000, 4000)), ((2, 3, 4), (4, 5)), ((3,), (3,)),
                                  ((2, 600, 90), (1, 90, 600)), ((600, 90), (2, 90, 600))])
def test_products_that_are_not_of_two_matrices(rng, n, a, b):
    a, b = rng.standard_normal(a), rng.standard_normal(b)
    got = to_numpy(tg.matmul(xp.asarray(a), xp.asarray(b)))
    np.testing.assert_allclose(got, a @ b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 100, 1000, 4096])
@pytest.mark.parametrize("count", [2, 4, 16])
def test_even_parts_are_whole_registers(size, count):
    parts = even_parts(size, count, 16)
    assert [i for part in parts for i in range(size)[part]] == list(range(size))
    lengths = [len(range(size)[part]) for part in parts]
    assert len(parts) <= count and all(length % 16 == 0 for length in lengths[:-1])
