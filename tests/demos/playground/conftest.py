"""A playground at work: models of a few steps each, served on a free port."""
import base64
import threading

import pytest

from demos.playground.measure import Client
from demos.playground.models import Models
from demos.playground.recipes import Choice, Data, train
from demos.playground.rooms import all_rooms
from demos.playground.server import Server
from tests.demos.playground.browser import Browser, installed
from tinygen.backend import np
from tinygen.data.digits import draw_digits


def numbers(packed):
    """The array that fields.as_bytes or as_numbers packed."""
    kind = {"uint8": np.uint8, "float32": "<f4"}[packed["type"]]
    return np.frombuffer(base64.b64decode(packed["data"]), kind).reshape(packed["shape"])


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """All models, by their smoke presets on a few digits, restored from where they were kept."""
    folder = tmp_path_factory.mktemp("kept")
    x, y = draw_digits(600, np.random.default_rng(0))
    np.savez(folder / "few.npz", x=x, y=y)
    choice = Choice(images=str(folder / "few.npz"), preset="smoke", folder=str(folder))
    data = Data(choice)
    found = Models(choice, data)
    for name in found.names:
        train(choice, name, data)
    found.bring()
    assert {progress.state for progress in found.progress.values()} == {"ready"}
    return found


@pytest.fixture(scope="session")
def server(models):
    with Server(all_rooms(), models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(server):
    """ask(room, request, values) -> status, answer"""
    return Client(server, "0000-tests").ask


@pytest.fixture
def get(ask):
    """get(room, request, ...) -> the answer."""
    def get(room, request, **values):
        status, answer = ask(room, request, values)
        assert status == 200, answer
        return answer
    return get


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    path = installed()
    if not path:
        pytest.skip("no browser of Chromium's kind was found")
    with Browser(path, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def visit(server, browser):
    """visit(room) -> its Page, once it is open. Afterwards no page may have complained."""
    pages = []

    def visit(room, **size):
        page = browser.open(f"{server.url}#{room}", **size)
        pages.append(page)
        page.until(f"!!document.querySelector('#{room} .sources')")
        return page

    yield visit
    for page in pages:
        page.evaluate("0")  # what was reported until now
        assert page.errors == []
        page.close()
