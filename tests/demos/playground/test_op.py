"""The room Op: what it computes is the engine's, and any op of the table can be opened."""
import pytest

import tinygen as tg
from demos.playground.rooms import op as room
from tinygen.backend import np, xp


@pytest.mark.parametrize("name", room.NAMES)
def test_every_case_of_every_op_opens_and_agrees_with_finite_differences(models, name):
    case, cases = 0, 1
    while case < cases:
        begun = room.start(models, name, case)
        cases = len(begun["cases"])
        found = room.compute(models, name, case, [x["values"] for x in begun["inputs"]],
                             begun["g"]["values"])
        assert name in begun["source"] and begun["about"]
        assert [x["shape"] for x in found["gradients"]] == [x["shape"] for x in begun["inputs"]]
        assert found["y"]["shape"] == begun["g"]["shape"]
        assert all(map(all, found["agree"])), (name, case)
        case += 1


def test_the_numbers_are_the_engines(get, rng):
    x, g = rng.standard_normal((2, 3, 3))
    found = get("op", "compute", op="softmax", case=0, inputs=[x.ravel().tolist()],
                g=g.ravel().tolist())
    leaf = tg.Tensor(xp.asarray(x))
    y = tg.softmax(leaf)
    np.testing.assert_array_equal(found["y"]["values"], y.numpy().ravel())
    np.testing.assert_array_equal(found["gradients"][0]["values"],
                                  tg.grad(y, leaf, xp.asarray(g)).numpy().ravel())


def test_a_kink_and_a_number_that_is_not_finite_are_told(get):
    begun = get("op", "start", op="relu", case=0)
    x, g = begun["inputs"][0]["values"], begun["g"]["values"]
    x[1] = 0
    agree = get("op", "compute", op="relu", case=0, inputs=[x], g=g)["agree"][0]
    assert [i for i, each in enumerate(agree) if not each] == [1]
    begun = get("op", "start", op="log", case=0)
    x = begun["inputs"][0]["values"]
    x[0] = -1
    found = get("op", "compute", op="log", case=0, inputs=[x], g=begun["g"]["values"])
    assert found["y"]["values"][0] is None and found["y"]["values"][1] is not None


def test_a_number_at_the_end_of_what_the_op_takes_has_no_difference(get):
    begun = get("op", "start", op="bce_with_logits", case=0)
    x, t = (each["values"] for each in begun["inputs"])
    t[0], t[1] = 0, 1
    found = get("op", "compute", op="bce_with_logits", case=0, inputs=[x, t],
                g=begun["g"]["values"])
    differences, agree = found["differences"][1]["values"], found["agree"][1]
    assert differences[:2] == [None, None] and None not in differences[2:]
    assert agree == [False, False] + [True] * (len(t) - 2) and all(found["agree"][0])


@pytest.mark.parametrize("wrong, words", [
    (dict(case=9), "has 4 cases"), (dict(inputs=[[1.0]]), "needs inputs of shapes"),
    (dict(g=[1.0]), "the shape of the output")])
def test_numbers_that_do_not_fit(ask, wrong, words):
    values = dict(op="sub", case=0, inputs=[[1.0] * 9] * 2, g=[1.0] * 9)
    cases = sum(case.name == "sub" for case in room.CASES)
    status, answer = ask("op", "compute", {**values, **wrong})
    assert status == 400 and words.replace("4", str(cases)) in answer["error"]


def test_a_number_is_changed_in_the_page(visit):
    page = visit("op")
    shown = "[...document.querySelectorAll('#op .output td b')].map((b) => b.textContent).join()"
    page.until("!!document.querySelector('#op .output td b')?.textContent")
    before = page.evaluate(shown)
    page.evaluate("""(() => { const input = document.querySelector("#op td input");
        input.value = "3.5"; input.dispatchEvent(new Event("input", {bubbles: true})); })()""")
    page.until(f"{shown} !== '{before}'")
    assert page.evaluate(shown).split(",")[0] > before.split(",")[0]
    page.evaluate("""(() => { const select = document.querySelector("#op select");
        select.value = "max_pool2d"; select.dispatchEvent(new Event("change")); })()""")
    page.until("document.querySelector('#op pre').textContent.includes('def max_pool2d')")
    page.until("document.querySelectorAll('#op .output td').length > 0")
    page.rest()
