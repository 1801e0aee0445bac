"""All demos, by family: a demo is any file in a family's folder."""
import ast
import importlib
from pathlib import Path

import demos

# In the order to read them.
FAMILIES = "autoencoders", "vaes", "gans", "language", "inside", "speed"


def find_demos():
    """family -> {demo: first line of its docstring}; none is imported."""
    return {family: {path.stem: title(path) for path in sorted(folder(family).glob("[!_]*.py"))}
            for family in FAMILIES}


def listing():
    """The families and their demos, as text."""
    families = find_demos()
    width = max(len(name) for names in families.values() for name in names)
    return "\n\n".join(
        "\n".join([title(folder(family) / "__init__.py"),
                   *(f"  {name:<{width}}  {text}" for name, text in names.items())])
        for family, names in families.items())


def load_main(name):
    """Import the demo `name` -> its function main(argv)."""
    return load_demo(name).main


def load_demo(name):
    """Import the demo `name` -> its module."""
    family = next(family for family in FAMILIES if (folder(family) / f"{name}.py").exists())
    return importlib.import_module(f"demos.{family}.{name}")


def folder(family):
    return Path(demos.__path__[0], family)


def title(path):
    """The first line of a Python file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]
