"""One skeleton for the demos of all families: what each file holds, and who imports whom."""
import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import demos
from demos.common.catalogue import FAMILIES, find_demos, load_main, title
from demos.common.clock import TIMES, reference_seconds
from demos.common.tour import TOUR

ROOT = Path(demos.__file__).parent
# The classroom and the playground are no families: they use what they need.
FILES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))
         if path.relative_to(ROOT).parts[0] not in ("exercises", "playground")}
DEMOS = {f"{family}/{name}": ROOT / family / f"{name}.py"
         for family, names in find_demos().items() for name in names}
FIGURES = {"new_figure", "save_figure"}  # the functions that may be called so
LENT = {"inside": ("exercises",)}  # the museum shows the mistakes of the exercises
UNTIMED = {"gpt2": {"default"}}  # demo -> presets that need what is not here
every_demo = pytest.mark.parametrize("path", DEMOS.values(), ids=DEMOS)
every_file = pytest.mark.parametrize("path", FILES.values(), ids=FILES)


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(nodes):
    return [node for node in nodes if isinstance(node, ast.FunctionDef)]


def names_defined(tree):
    """The names that a module defines itself, at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                names.update(each.id for each in ast.walk(target) if isinstance(each, ast.Name))
    return names


def imports_of_demos(tree):
    """(module, name) for each name imported from demos/, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name[:6] == "demos.")
        elif isinstance(node, ast.ImportFrom) and (node.module or "")[:6] == "demos.":
            yield from ((node.module, alias.name) for alias in node.names)


def test_families_have_headings_demos_have_names_of_their_own_and_the_tour_knows_its_demos():
    names = [name for family in find_demos().values() for name in family]
    assert len(set(names)) == len(names), "two demos of one name"
    assert set(TOUR) <= set(names)
    for family in FAMILIES:
        assert title(ROOT / family / "__init__.py"), f"{family}/__init__.py has no heading"


@every_demo
def test_the_docstring_has_a_title_and_the_command(path):
    assert 10 < len(title(path)) <= 100, f"{path.name}: the docstring's first line is its title"
    lines = ast.get_docstring(parsed(path)).splitlines()
    command = f"    python -m demos {path.stem}"
    assert any(f"{line} ".startswith(command + " ") for line in lines), f"no line {command!r}"


@every_demo
def test_presets_are_smoke_and_default_and_more(path):
    presets = [node.value for node in parsed(path).body if isinstance(node, ast.Assign)
               and [getattr(target, "id", "") for target in node.targets] == ["PRESETS"]]
    assert presets, f"{path.name} has no PRESETS"
    names = [key.value for key in presets[0].keys]
    assert {"smoke", "default"} <= set(names), f"{path.name}: PRESETS are {names}"


@every_demo
def test_main_then_measure_then_show(path):
    names = [function.name for function in functions(parsed(path).body)]
    skeleton = [name for name in names if name in ("main", "train", "measure", "show")]
    expected = ["main", *(["train"] if "train" in names else []), "measure", "show"]
    assert skeleton == expected, f"{path.name} defines {skeleton}, in this order"
    main = next(node for node in functions(parsed(path).body) if node.name == "main")
    assert [ast.unparse(each).startswith("demo(PRESETS") for each in main.decorator_list] == [True]


@every_demo
def test_it_knows_how_long_it_takes(path):
    """From runs of the same loops; a demo whose loops change is to be timed again."""
    name, again = path.stem, f"on an idle machine: python -m demos.common.times {path.stem}"
    timed = json.loads(TIMES.read_text(encoding="utf-8")).get(name, {})
    needed = {"smoke", "default", TOUR.get(name, "smoke")} - UNTIMED.get(name, set())
    assert needed <= set(timed), f"{name} was not timed with {needed - set(timed)}; {again}"
    command = load_main(name).demo
    for preset, times in timed.items():
        loops = command.loops(SimpleNamespace(**command.settings(preset)))
        assert len(times["loops"]) == len(loops), f"{name}, {preset}, had other loops; {again}"


@every_demo
def test_the_readme_and_the_docstring_say_the_same_time(path):
    expected = reference_seconds(path.stem, "default")
    readme = re.search(rf"\[`{path.stem}`\].* \| ([^|]*?) \|$",
                       (ROOT.parent / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    docstring = re.search(rf"python -m demos {path.stem} +(.*) on two cores",
                          ast.get_docstring(parsed(path)))
    for where, found in (("README.md", readme), ("its docstring", docstring)):
        said = sum(int(number) * {"h": 3600, "min": 60, "s": 1}[unit] for number, unit in
                   re.findall(r"(\d+) (h|min|s)\b", found[1] if found else ""))
        assert not said or abs(said - expected) <= max(2, 0.25 * expected), \
            f"{where} says {said} s for {path.stem}, times.json {expected:.0f}"


@every_file
def test_figures_are_plotted(path):
    wrong = [f"{node.name}, line {node.lineno}" for node in functions(ast.walk(parsed(path)))
             if node.name.lstrip("_").split("_")[0] == "draw"
             or node.name.endswith("_figure") and node.name not in FIGURES]
    assert not wrong, f"{path.name}: what makes a figure is called plot_*, what makes images " \
                      f"sample or generate; found {wrong}"


@every_demo
def test_python_m_demos_is_the_only_way_to_run(path):
    source = path.read_text(encoding="utf-8")
    assert "__name__ ==" not in source and "python demos/" not in source, path.name


@every_file
def test_names_come_from_the_module_that_defines_them(path):
    for module, name in imports_of_demos(parsed(path)):
        file = ROOT.parent / (module.replace(".", "/") + ".py")
        assert name and file.exists(), f"{path.name} imports {name} from the package {module}"
        assert name in names_defined(parsed(file)), f"{path.name}: {module} only imports {name}"


@every_file
def test_parts_serve_their_family_and_tools_know_no_family(path):
    folder, *below = path.relative_to(ROOT).parts
    for module, _ in imports_of_demos(parsed(path)):
        family, *rest = module.split(".")[1:]
        shared = ("common", "tools") if folder != "common" else ("common",)
        shared += LENT.get(folder, ())
        own = folder == family and folder in FAMILIES
        assert family in shared or own, f"{path.name} imports {module}"
        assert not own or below[0] != "parts" or rest[0] == "parts", \
            f"{path.name} imports the demo {module}"
