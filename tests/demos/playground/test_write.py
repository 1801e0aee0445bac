"""The room Write: distributions, samples, the cache and attention are the model's own."""
import pytest

import tinygen as tg
from models import gpt
from tests.demos.playground.conftest import numbers
from tinygen.backend import np, to_numpy, xp
from tinygen.data import CharTokenizer

SETTINGS = dict(temperature=0.8, top_k=None, top_p=None, cached=True, seed=3)


def logits_of(models, prompt):
    network, tokenizer = models["gpt"].model, CharTokenizer(models.text)
    with tg.no_grad():
        ids = tokenizer.encode(prompt)[-network.block_size:]
        return to_numpy(network.next_logits(xp.asarray([ids]))), tokenizer


def test_the_bars_are_the_models_distribution(models, get):
    logits, tokenizer = logits_of(models, "The ")
    found = get("write", "go_on", prompt="The ", **{**SETTINGS, "top_p": 0.5, "top_k": 4})
    p = np.exp(logits[0] - logits.max())
    p /= p.sum()
    ids = tokenizer.encode("".join(found["tokens"]))
    np.testing.assert_allclose(found["p"], np.sort(p)[::-1][:20], rtol=1e-4)
    np.testing.assert_allclose(p[ids], found["p"], rtol=1e-4)
    assert 1 <= np.count_nonzero(found["left"]) <= 4
    assert sum(found["left"]) == pytest.approx(1) and found["sampled"] in found["tokens"][:4]
    sharp = get("write", "go_on", prompt="The ", **{**SETTINGS, "temperature": 0})
    assert sharp["left"] == [1] + 19 * [0] and sharp["sampled"] == sharp["tokens"][0]


def test_a_sample_is_the_models(models, get):
    logits, tokenizer = logits_of(models, "The v")
    expected = gpt.sample_tokens(logits, 0.8, None, None, np.random.default_rng(3))
    found = get("write", "go_on", prompt="The v", **SETTINGS)
    assert found["sampled"] == tokenizer.decode(expected)


def test_what_is_in_the_cache_is_not_computed_again_and_gives_the_same(models, get):
    def go_on(prompt, **changed):
        found = get("write", "go_on", prompt=prompt, **{**SETTINGS, **changed})
        return found["computed"], found["seen"], found["p"]

    context = models["gpt"].model.block_size
    assert go_on("fresh text")[:2] == (10, 10)
    assert go_on("fresh text")[:2] == (0, 10)
    assert go_on("fresh text, on")[:2] == (4, 14)
    computed, _, p = go_on("fresh text, on!", cached=False)
    assert computed == min(15, context)
    assert go_on("fresh text, on!")[0] == 15  # it was forgotten meanwhile
    np.testing.assert_allclose(go_on("fresh text, on!")[2], p, rtol=1e-4)
    assert go_on("other")[:2] == (5, 5)
    long = "the window slides " * 10
    assert go_on(long)[:2] == go_on(long)[:2] == (context, context)


@pytest.mark.parametrize("masked", [True, False])
def test_the_weights_are_those_of_a_decoder_or_an_encoder(models, get, masked):
    found = get("write", "look", prompt="The value", at=3, masked=masked)["weights"]
    config = models["gpt"].model.config
    assert found["shape"] == [config.n_layer, config.n_head, 9]
    weights = numbers(found)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    assert (weights[..., 4:] == 0).all() == masked
    assert all(block.causal for block in models["gpt"].model.blocks)


@pytest.mark.parametrize("request_, wrong, words", [
    ("go_on", dict(prompt=""), "needs something to go on from"),
    ("go_on", dict(prompt="日本"), "has no token"),
    ("look", dict(at=9), "has 9 tokens")])
def test_what_cannot_be_computed(ask, request_, wrong, words):
    values = (dict(prompt="The value", **SETTINGS) if request_ == "go_on"
              else dict(prompt="The value", at=3, masked=True))
    status, answer = ask("write", request_, {**values, **wrong})
    assert status == 400 and words in answer["error"]


def test_a_prompt_is_continued_in_the_page(visit):
    page = visit("write")
    value = "document.querySelector('#write textarea').value"
    page.until("document.querySelectorAll('#write .head').length > 0")
    before = page.evaluate(value)
    page.evaluate("document.querySelector('#write-one').click()")
    page.until(f"{value}.length === {len(before) + 1}")
    assert page.evaluate(value).startswith(before)
    page.evaluate("document.querySelector('#write-run').click()")
    page.until(f"{value}.length > {len(before) + 3}")
    page.evaluate("document.querySelector('#write-run').click()")
    page.rest()
    first = "document.querySelector('#write .context button')"
    page.evaluate(f"{first}.click()")
    page.until(f"{first}.getAttribute('aria-checked') === 'true'")
    page.rest()
