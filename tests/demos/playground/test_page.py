"""The page in a real browser: no console errors, and each room does what it is for."""


def test_the_tabs_are_chosen_by_mouse_keys_and_address(visit):
    page = visit("codes")
    names = page.evaluate("[...document.querySelectorAll('[role=tab]')].map((tab) => tab.id)")
    assert "tab-codes" in names
    assert page.evaluate("document.querySelector('#codes').hidden") is False
