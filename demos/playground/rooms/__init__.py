"""The rooms, in the order of the page's tabs."""
import importlib

NAMES = "draw", "codes", "game", "write", "op"


def all_rooms():
    """The Room of each."""
    return [importlib.import_module(f"demos.playground.rooms.{name}").ROOM for name in NAMES]
