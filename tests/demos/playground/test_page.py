"""The page in a real browser. Every page that `visit` gives may not complain in its console."""
import threading

import pytest

from demos.playground.models import Models
from demos.playground.rooms import all_rooms
from demos.playground.server import Server

ROOMS = [room.name for room in all_rooms()]
PICTURE = "document.querySelector('{}').toDataURL()"


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("width, height", [(1920, 1080), (390, 844)])
def test_every_room_fits_and_names_what_can_be_focused(visit, room, width, height):
    page = visit(room, width=width, height=height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    focusable = [node for node in nodes if not node["ignored"] and any(
        each["name"] == "focusable" and each["value"]["value"]
        for each in node.get("properties", ())) and node["role"]["value"] != "RootWebArea"]
    assert len(focusable) > len(ROOMS)
    assert [node["role"]["value"] for node in focusable if not node["name"]["value"]] == []
    parts = "document.querySelectorAll('#{} {}').length"
    assert page.evaluate(parts.format(room, ".lead")) == 1
    assert page.evaluate(parts.format(room, ".question")) == 1
    assert page.evaluate(parts.format(room, ".sources code")) >= 1


def test_tabs_are_chosen_by_mouse_by_keys_and_by_address(visit):
    page = visit(ROOMS[-1])
    chosen = "document.querySelector('[role=tab][aria-selected=true]').id.slice(4)"
    shown = "[...document.querySelectorAll('#rooms > section')].filter((s) => !s.hidden)[0].id"
    assert page.evaluate(chosen) == page.evaluate(shown) == ROOMS[-1]
    page.drag(f"#tab-{ROOMS[0]}", (0.5, 0.5))
    assert page.evaluate(chosen) == page.evaluate(shown) == ROOMS[0]
    for key, room in (("ArrowRight", ROOMS[1]), ("End", ROOMS[-1]), ("ArrowRight", ROOMS[0]),
                      ("ArrowLeft", ROOMS[-1]), ("Home", ROOMS[0])):
        page.press(key)
        assert page.evaluate(chosen) == page.evaluate(shown) == room
        assert page.evaluate("document.activeElement.id") == f"tab-{room}"
    page.evaluate(f"location.hash = '#{ROOMS[1]}'")
    page.until(f"{chosen} === '{ROOMS[1]}'")


def test_a_room_without_its_models_says_how_far_they_are_and_then_opens(models, browser):
    waiting = Models(models.choice, models.data)
    with Server(all_rooms(), waiting) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        page = browser.open(f"{server.url}#codes")
        page.until("document.body.textContent.includes('The VAE with two latents is waiting.')")
        waiting._note("vae_manifold", state="training", done=1, total=4, left=3.0)
        page.until("document.body.textContent.includes('is being trained, 25 %, 3.0 s left.')")
        assert page.evaluate("document.querySelector('#codes progress').value") == 0.25
        waiting._note("vae", state="failed", why="it diverged")
        page.until("document.body.textContent.includes('could not be trained: it diverged')")
        waiting.bring()
        page.until("!!document.querySelector('#codes .intro')")
        assert page.errors == []
        page.close()
        server.shutdown()


def test_a_server_that_is_gone_is_told(visit):
    page = visit("codes")
    page.rest()
    page.call("Network.enable")
    offline = dict(latency=0, downloadThroughput=-1, uploadThroughput=-1)
    page.call("Network.emulateNetworkConditions", offline=True, **offline)
    page.evaluate("document.querySelector('#codes-zero').click()")
    page.until("document.querySelector('#message').textContent.includes('was it stopped?')")
    page.call("Network.emulateNetworkConditions", offline=False, **offline)
    page.evaluate("document.querySelector('#codes-zero').click()")
    page.until("document.querySelector('#message').hidden")
    page.errors.clear()  # the browser's own, on what it could not reach


def test_a_drawing_is_rebuilt(visit):
    page = visit("draw")
    page.rest()

    def pictures():
        """What all models saw, and what the autoencoder rebuilt."""
        page.rest()
        return [page.evaluate(PICTURE.format(f"#draw-rebuilt figure:nth-child({i}) canvas"))
                for i in (1, 2)]

    first = pictures()
    page.drag("canvas.pad", (0.3, 0.5), (0.5, 0.2), (0.7, 0.5), (0.5, 0.9))
    drawn = pictures()
    assert drawn[0] != first[0] and drawn[1] != first[1]

    page.press(" ", " ")  # the pad has the focus: its pen goes down in the middle
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.press(key)
    assert pictures()[0] not in (first[0], drawn[0])
    page.press("Backspace")
    assert pictures() == drawn
    page.press("Backspace")
    assert pictures() == first


def test_every_panel_of_draw_follows(visit):
    page = visit("draw")

    def pictures():
        page.rest()
        return [page.evaluate(PICTURE.format(canvas)) for canvas in (
            "#draw-heat canvas", "#draw-map canvas", "#draw-noise canvas", "#draw-similar canvas")]

    before = pictures()
    page.evaluate("document.querySelector('#draw-example').click()")
    assert all(here != there for here, there in zip(pictures(), before))
    page.evaluate("document.querySelector('#draw-code .bar-button').click()")
    page.rest()
    assert page.evaluate("document.querySelector('#draw-heat .of').textContent").startswith(
        "For number 1 of the code")


@pytest.mark.parametrize("room, change, canvas", [
    ("draw", "document.querySelector('#draw-example').click()", "#draw-map canvas"),
    ("write", "document.querySelector('#write textarea').value = 'The'; "
              "document.querySelector('#write-cached').click()", "#write-cache canvas")],
    ids=["draw", "write"])
def test_an_answer_that_comes_while_another_tab_is_shown_is_drawn(visit, room, change, canvas):
    """Its canvas has no size meanwhile."""
    page = visit(room)
    page.rest()
    before = page.evaluate(PICTURE.format(canvas))
    page.evaluate(f"{change}; location.hash = '#codes'")
    page.until("document.querySelector('#codes').hidden === false")
    page.rest()
    assert page.evaluate("document.querySelector('#message').textContent") == ""
    page.evaluate(f"location.hash = '#{room}'")
    page.until(f"document.querySelector('{canvas}').width > 0")
    page.until(f"{PICTURE.format(canvas)} !== {before!r}")
    width = f"document.querySelector('{canvas}').width"
    wide = page.evaluate(width)
    page.call("Emulation.setDeviceMetricsOverride", width=900, height=900, deviceScaleFactor=1,
              mobile=False)
    page.until(f"{width} < {wide}")  # it follows the window, too


def test_the_plane_the_sliders_and_the_way_follow(visit):
    page = visit("codes")
    page.rest()

    def picture(name):
        page.rest()
        return page.evaluate(PICTURE.format(f"#codes-{name} canvas.ink"))

    here, made, way = picture("here"), picture("made"), picture("way .here")
    page.drag("#codes .over", (0.2, 0.3), (0.9, 0.1))
    assert picture("here") != here
    z = "document.querySelector('#codes-here .note').textContent.slice(0, 15)"
    assert page.evaluate(z) == "z = (2.80, 2.80"
    for selector, key in (("#codes .over", "ArrowLeft"), ("#codes-sliders input", "End"),
                          ("#codes-t input", "End")):
        page.evaluate(f"document.querySelector('{selector}').focus()")
        page.press(key)
    page.rest()
    assert page.evaluate(z) == "z = (2.70, 2.80"
    assert picture("made") != made and picture("way .here") != way
    moved = picture("made")
    page.evaluate("document.querySelector('#codes-take').click()")
    assert picture("made") != moved
