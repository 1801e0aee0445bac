"""Whether two runs of the demos left the same, byte for byte.

    python -m demos --smoke --out A
    python -m demos --smoke --out B
    python -m tests.same A B

Times and names of folders may differ: they are left out of result.json and of checkpoints, and with
them each demo's page, which shows them, and all that `benchmark` measures.
"""
import json
import re
import sys
from pathlib import Path

from tests.helpers import bits
from tinygen import checkpoint

TIME = re.compile(r"^ms |per second$")  # metrics that are times


def differences(a, b):
    """The files that the demos left in only one of two folders, or not the same in both."""
    a, b = contents(a), contents(b)
    if not a:
        raise ValueError("there is nothing to compare; give the folders of two runs")
    return sorted(name for name in a | b if name not in a or name not in b or a[name] != b[name])


def contents(folder):
    """What two runs have to agree in: {demo/file: its content}"""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): content(path) for path in files
            if path.parent.name != "benchmark" and path.name != "index.html"}


def content(path):
    if path.name == "result.json":
        result = json.loads(path.read_text(encoding="utf-8"))
        for name in ("seconds", "expected_seconds", "loop_seconds", "command"):
            del result[name]
        result["settings"].pop("weights", None)  # a folder of gpt2's
        result["metrics"] = [row for row in result["metrics"] if not TIME.search(row["metric"])]
        return result
    if path.name == "checkpoint.npz":
        state = checkpoint.load(path)
        del state["seconds"], state["command"]
        return bits(state)
    return path.read_bytes()


if __name__ == "__main__":
    found = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(f"not the same: {name}" for name in found) or "the same, byte for byte")
    sys.exit(bool(found))
