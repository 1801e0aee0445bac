"""Comparing, which finds the first difference, and what is shown of it."""
import math

import pytest

import tinygen as tg
from demos.exercises import cases, exercise, messages
from demos.exercises.cases import compare, plain_value
from demos.exercises.exercise import Case, Edit, Near, Wrong, parts, slope
from demos.exercises.judge import Failure
from tinygen.backend import backend_name, np

pytestmark = pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's")

A = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, 1e-9]])


def kind_of(yours, expected=A, dtype=None):
    found = compare(yours, expected, dtype)
    return found and found.kind


@pytest.mark.parametrize("yours, kind", [
    (A.copy(), None),
    (A + 1e-10, None),
    (A + [[2e-6, 0, 0], [0, 0, 0]], "numbers"),
    (A.T.copy(), "shape"),
    (A[0], "shape"),
    (A.astype("float32"), "dtype"),
    (A.astype("int64"), "dtype"),
    (A * np.nan, "finite"),
    (np.where(A == 0.5, np.inf, A), "finite"),
    ("a list", "kind"),
    (None, "missing"),
])
def test_the_first_difference(yours, kind):
    assert kind_of(yours) == kind


def test_float32_has_the_tolerance_of_its_rounding():
    right = A.astype("float32")
    assert kind_of(right, A, np.dtype("float32")) is None
    assert kind_of(right * np.float32(1 + 5e-5), A, np.dtype("float32")) is None
    assert kind_of(right * np.float32(1 + 3e-4), A, np.dtype("float32")) == "numbers"


def test_numbers_are_measured_against_the_largest():
    assert kind_of(A + 2e-9) is None  # 1e-6 of a thousandth of 3
    assert kind_of(A + [[0, 0, 0], [0, 1e-8, 0]]) == "numbers"
    assert compare(A + [[0, 0, 0], [0, 1e-8, 0]], A).worst == (1, 1)
    assert kind_of(np.zeros(3), np.array([1e-13, 0, 0])) is None  # slopes of nothing
    assert kind_of(np.zeros(3), np.array([1e-5, 0, 0])) == "numbers"


def test_what_is_not_finite_has_to_be_the_same():
    odd = np.array([np.inf, -np.inf, np.nan, 1.0])
    assert kind_of(odd.copy(), odd) is None
    assert kind_of(-odd, odd) == "finite"


def test_integers_booleans_and_numbers():
    assert kind_of(np.array([1, 2], "int32"), np.array([1, 2])) is None
    assert kind_of(np.array([1, 3]), np.array([1, 2])) == "numbers"
    assert kind_of(np.array([1.0, 2.0]), np.array([1, 2])) == "dtype"
    assert kind_of(np.array([True, False]), np.array([True, True])) == "numbers"
    assert kind_of(plain_value("N", 2.0), 2.0, np.dtype("float32")) is None
    assert kind_of(plain_value("N", np.float32(2)), np.asarray(2.0), np.dtype("float32")) is None
    assert kind_of(np.array([0.4, 0.6]), Near(np.array([0.5, 0.5]), 0.2)) is None
    assert kind_of(np.array([0.4, 0.6]), Near(np.array([0.5, 0.5]), 0.05)) == "numbers"
    assert kind_of(np.zeros((0, 3)), np.zeros((0, 3))) is None


def test_values_are_arrays_of_their_own():
    x = np.zeros(3)
    assert plain_value("N", x[:2]).base is None
    assert plain_value("N", [1.0]) == "a list" and plain_value("N", None) == "None"
    assert plain_value("N", tg.Tensor([1.0])) == "Tensor (1,) float32"
    assert isinstance(plain_value("T", tg.Tensor([1.0])), np.ndarray)
    assert "ndarray (1,) object" == plain_value("N", np.array([None]))
    assert "far too large" in plain_value("N", np.zeros(10 ** 7))


# ---- what check files are written with ----

def test_slope_is_the_gradient_of_each_element(rng):
    x, g = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    np.testing.assert_allclose(slope(np.sin, x, g), g * np.cos(x), rtol=1e-9)
    np.testing.assert_allclose(slope(lambda x: (x ** 3).sum(), np.array([1000.0]), 1.0), [3e6],
                               rtol=1e-9)
    assert slope(lambda x: x * x, np.array(3.0), 2.0) == pytest.approx(12, rel=1e-9)


def test_parts_names_what_is_missing():
    assert parts((1, 2), "y", "gradient") == (1, 2)
    for value, told in ((3.0, "the float 3.0"), (np.zeros(2), "ndarray (2,) float64"),
                        ((1, 2, 3), "3 things"), (None, "None")):
        with pytest.raises(Wrong) as caught:
            parts(value, "y", "gradient")
        assert "returns 2 things, y, gradient" in str(caught.value) and told in str(caught.value)


def test_an_edit_finds_its_text_once():
    assert Edit("b", "B", "B c", "d").of("a b c") == "a d"
    for text in ("a c", "b b"):
        with pytest.raises(ValueError, match="not once"):
            Edit("b", "B").of(text)


def test_a_case_keeps_arrays_and_settings_apart():
    case = Case(x=np.ones(2, "float32"), labels=np.array([1]), axis=-1, size=(2, 3))
    assert list(case.arrays) == ["x", "labels"] and case.settings == {"axis": -1, "size": (2, 3)}
    assert case.dtype == "float32" and case.axis == -1
    double = case.copy("float64")
    assert double.x.dtype == "float64" and double.labels.dtype == case.labels.dtype
    double.x[0] = 7
    assert case.x[0] == 1 and Case(axis=0).dtype == "float64"


def test_every_exercise_is_found():
    numbers = exercise.numbers()
    assert numbers == sorted(set(numbers)) and 8 in numbers
    with pytest.raises(ValueError, match="there is no exercise 77; the exercises are 01 to 24"):
        exercise.find(77)


# ---- what is shown ----

def shown(yours, expected, name="y", **case):
    failure = Failure("values", compare(yours, expected), name, 2, Case(**case))
    return "\n".join(messages.failed(failure, 9, "  FAIL  ", {}))


def test_small_arrays_are_shown_side_by_side():
    text = shown(A + 1, A, x=A, g=A, axis=-1)
    first, titles, *rows = text.splitlines()
    assert first == "  FAIL  values   case 2 of 9: x (2, 3), g (2, 3) float64, axis=-1"
    assert titles.split() == ["x", "yours", "expected"] and len(rows) == 2
    assert " g " not in shown(A + 1, A, x=A, g=A).split("case")[1].split("\n", 1)[1]
    assert "expected by differences" in shown(A + 1, A, "gradient by x", x=A, g=A)


def test_as_many_digits_as_it_takes_to_differ():
    assert "1.00001" in shown(np.array([1.00001]), np.array([1.0]))


def test_of_large_arrays_the_worst_number():
    large = np.zeros((5, 5))
    off = large.copy()
    off[3, 1], off[0, 0] = -1.1802, 0.5
    assert "worst at (3, 1): yours -1.1802, expected 0" in shown(off, large)


def test_what_is_not_in_numbers_is_a_sentence():
    assert "y has shape (3, 2); expected is (2, 3)." in shown(A.T, A)
    assert "y is float32; expected is float64, as the arguments are." in shown(
        A.astype("float32"), A)
    assert "y is a list; expected is an array of shape (2, 3), float64." in shown("a list", A)
    assert "loss is None; expected is a number." in shown("None", np.asarray(2.0), "loss")
    assert "There is no y." in shown(None, A)
    assert math.isinf(compare(np.array([np.inf]), np.array([1.0])).yours[0])


def test_errors_are_sentences():
    def told(kind, message="m", line=3):
        return messages.error(cases.Error(kind, message, line, "y = x"))
    assert told("ValueError") == ["It raises ValueError: m", "Line 3:  y = x"]
    assert told("Wrong") == ["m"] and told("NotImplementedError") == ["m"]
    assert "too deeply" in told("RecursionError")[0] and "input()" in told("EOFError")[0]
    assert told("SyntaxError", "expected ':'")[0] == "It is not Python: expected ':'."
    assert told("ValueError", line=0) == ["It raises ValueError: m"]
