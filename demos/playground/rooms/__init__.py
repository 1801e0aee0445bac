"""The rooms, in the order of the page's tabs."""
import importlib
from pathlib import Path

NAMES = "draw", "codes", "game", "write", "op"


def all_rooms():
    """The rooms that there are."""
    return [importlib.import_module(f"demos.playground.rooms.{name}").ROOM for name in NAMES
            if Path(__file__).with_name(f"{name}.py").exists()]
