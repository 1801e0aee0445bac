"""A student's folder: a file for each exercise, and progress.json.

A stub is the reference without what stands between "# ---- answer" and "# ---- end", so that the
two cannot drift.
"""
import ast
import hashlib
import json
import time
from pathlib import Path

from demos.exercises import exercise
from tinygen.files import replacing

DEFAULT = "my_exercises"
ANSWER, END = "# ---- answer", "# ---- end"
PROGRESS = "progress.json"


def stub(found):
    """The text that a student starts from."""
    tree = ast.parse(found.source)
    lines, cut = [], False
    for number, line in enumerate(found.source.splitlines(), 1):
        mark = line.strip()
        if mark == ANSWER:
            cut, name = True, enclosing(tree, number)
            if name:
                lines.append(f"{line[:-len(ANSWER)]}raise NotImplementedError("
                             f'"{found.number:02d} {name} is still to be written")')
        elif mark == END:
            cut = False
        elif not cut:
            lines.append(line)
    return "\n".join(lines) + "\n"


def enclosing(tree, number):
    """Qualified name of the function that a line is in, such as Value.tanh; "" at module level."""
    names, body = [], tree.body
    while body is not None:
        inside, body = body, None
        for node in inside:
            if (isinstance(node, (ast.FunctionDef, ast.ClassDef))
                    and node.lineno < number <= node.end_lineno):
                names.append(node.name)
                body = node.body
    return ".".join(names)


class Folder:
    """The answers of a student, and what is known about them.

    progress: {"08": {"sha256": of the file that passed, "passed": date, "hints": seen}}
    """

    def __init__(self, path):
        self.path, self.damaged = Path(path), None
        self.progress = self._read()

    def file(self, found):
        return self.path / found.file

    def _read(self):
        """What progress.json says; a damaged one is set aside, for checking again restores it."""
        path = self.path / PROGRESS
        try:
            progress = json.loads(path.read_text(encoding="utf-8"))
            for key, entry in progress.items():
                if not (key.isdigit() and isinstance(entry, dict)
                        and isinstance(entry.get("hints", 0), int)
                        and isinstance(entry.get("sha256", ""), str)
                        and isinstance(entry.get("passed", ""), str)):
                    raise ValueError(f"not an entry of {PROGRESS}: {key}")
            return progress
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError):  # also what is no UTF-8 or JSON
            self.damaged = free_name(path)
            path.replace(self.damaged)
            return {}

    def _update(self, found, **changes):
        self.progress.setdefault(f"{found.number:02d}", {}).update(changes)
        with replacing(self.path / PROGRESS) as file:
            file.write(json.dumps(self.progress, indent=1, sort_keys=True).encode())

    def _entry(self, found):
        return self.progress.get(f"{found.number:02d}", {})

    # ---- states ----

    def write_stubs(self):
        """Write a stub for each exercise that has no file yet -> how many were written."""
        self.path.mkdir(parents=True, exist_ok=True)
        written = 0
        for number in exercise.numbers():
            found = exercise.find(number)
            if not self.file(found).exists():
                self.write_stub(found)
                written += 1
        return written

    def write_stub(self, found):
        with replacing(self.file(found)) as file:
            file.write(stub(found).encode())

    def reset(self, found):
        """Start an exercise anew -> where the old file is kept, or None if nothing was in it."""
        kept = None
        if self.state(found) not in ("missing", "new"):
            kept = free_name(self.file(found))
            self.file(found).replace(kept)
        self.write_stub(found)
        return kept

    def state(self, found):
        """missing, new, started, passed, or changed (since it passed)."""
        path, passed = self.file(found), self._entry(found).get("sha256")
        if not path.is_file():
            return "missing"
        program = path.read_bytes()
        if passed:
            return "passed" if digest(program) == passed else "changed"
        return "new" if program.replace(b"\r\n", b"\n") == stub(found).encode() else "started"

    def next(self):
        """The first exercise that has not passed; None if all have."""
        for number in exercise.numbers():
            found = exercise.find(number)
            if self.state(found) != "passed":
                return found
        return None

    def passed(self):
        """The exercises whose file is the one that passed."""
        return [found for found in map(exercise.find, exercise.numbers())
                if self.state(found) == "passed"]

    def mark_passed(self, found, program):
        self._update(found, sha256=digest(program), passed=time.strftime("%Y-%m-%d"))

    def has_passed(self, found):
        """Whether it has ever passed."""
        return "sha256" in self._entry(found)

    def hints(self, found):
        return self._entry(found).get("hints", 0)

    def hint(self, found):
        """The hints seen so far and one more; all of them in the end."""
        seen = min(self.hints(found) + 1, len(found.hints))
        self._update(found, hints=seen)
        return found.hints[:seen]


def digest(program):
    return hashlib.sha256(program).hexdigest()


def free_name(path):
    """path with .1, .2 and so on behind, the first that is free."""
    number = 1
    while path.with_name(f"{path.name}.{number}").exists():
        number += 1
    return path.with_name(f"{path.name}.{number}")
