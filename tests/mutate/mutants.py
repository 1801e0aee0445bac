"""The mistakes that can be made in a source file: a changed sign, axis, term, comparison, order ...

Each mutant replaces one expression or statement by another, at its exact place; every other byte
of the file stays. What changes nothing but words is left alone: docstrings, annotations, f-strings,
what is raised or warned of; so are LEFT_ALONE and TUNING, what commutes, and what is in alike.py.
"""
import ast
import copy
import itertools
import os
from dataclasses import dataclass

from tests.mutate.alike import ALIKE

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
             ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
             ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
HAVE_AN_ORDER = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
NEARBY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITE = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt,
            ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
            ast.In: ast.NotIn, ast.NotIn: ast.In}
FUNCTIONS = (("min", "max"), ("any", "all"))
METHODS = (*FUNCTIONS, ("minimum", "maximum"), ("argmin", "argmax"), ("zeros", "ones"),
           ("sum", "mean"))
WIDTH = 70  # characters shown
LEFT_ALONE = {"__repr__",            # words
              "_keep_freed_memory"}  # speed: where freed memory goes changes no number
TUNING = {"CACHE_NUMBERS", "CACHE_RUN", "ARRAYS", "FEW", "MOST_PARTS", "LEAST_WORK",
          "LEAST_NUMBERS", "REGISTERS", "MOST_SUMS", "COPIES"}  # speed: tests vary them
UNCHANGED = {"warnings.warn", "xp.result_type"}  # words; of numbers, only their kind counts
WORDS = {"help", "metavar", "description", "epilog", "prog"}  # arguments that argparse prints
IN_ANY_ORDER = {  # which arguments
    **dict.fromkeys(("min", "max"), slice(None)), "swapaxes": slice(-2, None),
    **dict.fromkeys(("minimum", "maximum", "multiply", "logaddexp", "array_equal", "samestat",
                     "dot_along", "_pixel_dots", "_relative_error"), slice(2))}
COMMUTING_LAYERS = ({"nn.ReLU", "nn.Flatten"}, {"nn.Sigmoid", "nn.Unflatten"})


@dataclass(frozen=True)
class Mutant:
    """source[start:end], in bytes, replaced by `text`.

    file: from the root, with slashes. function: the line where the innermost function around it
    begins, 0 if there is none.
    """
    file: str
    line: int
    function: int
    start: int
    end: int
    before: str
    after: str
    text: str

    def apply(self, source):
        """The file's bytes with the mistake."""
        return source[:self.start] + self.text.encode() + source[self.end:]

    def __str__(self):
        same = len(os.path.commonprefix([self.before, self.after]))
        skip = max(0, same - 30) if len(self.before) > WIDTH else 0
        return f"{self.file}:{self.line}  {_part(self.before, skip)}  ->  {_part(self.after, skip)}"


def _part(text, skip):
    """One line of a text, from where it gets interesting."""
    shown = " ".join(text[skip:skip + WIDTH].split())
    return f"{'... ' if skip else ''}{shown}{' ...' if len(text) > skip + WIDTH else ''}"


def find(file, source):
    """All mutants of a file, from top to bottom, given its bytes."""
    lines = source.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]  # of each line
    mutants = []
    for node, function in _nodes(ast.parse(source), 0):
        for old, new in _mistakes(node):
            before, after = ast.unparse(old), ast.unparse(new)
            if (file, lines[old.lineno - 1].decode().strip(), before, after) in ALIKE:
                continue
            # Brackets keep together what the new operators would bind otherwise.
            bare = not isinstance(new, (ast.BinOp, ast.BoolOp, ast.Compare, ast.UnaryOp, ast.IfExp))
            mutants.append(Mutant(
                file, old.lineno, function, starts[old.lineno - 1] + old.col_offset,
                starts[old.end_lineno - 1] + old.end_col_offset, before, after,
                after if bare else f"({after})"))
    return list(dict.fromkeys(mutants))


def _nodes(node, function):
    """The nodes in which a mistake changes what the program does, and the function of each."""
    around = function  # it runs the defaults and the decorators of those in it
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        decorators = getattr(node, "decorator_list", [])
        function = min(part.lineno for part in [node, *decorators])  # as in its code object
    yield node, function
    for name, part in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST) and not _is_left_alone(child) and not _is_number(node):
                yield from _nodes(
                    child, around if name in ("args", "decorator_list") else function)


def _is_left_alone(node):
    return (isinstance(node, (ast.Raise, ast.JoinedStr))
            or isinstance(node, ast.FunctionDef) and node.name in LEFT_ALONE
            or isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in TUNING
            or isinstance(node, ast.Call) and ast.unparse(node.func) in UNCHANGED)


def _is_number(node):
    """Whether it is -1 or the like, which Python takes for an operator and a number."""
    return (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
            and isinstance(node.operand, ast.Constant))


def _mistakes(node):
    """Pairs of a node in `node`, mostly itself, and a new one to stand in for it."""
    if isinstance(node, ast.If):
        yield node.test, ast.Constant(False)  # the check, or the special case, is gone
    for new in _stand_ins(node, type(getattr(node, "op", None))):
        yield node, new


def _stand_ins(node, op):
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield from map(ast.Constant, _other_numbers(node.value))
    elif _is_number(node):
        n = node.operand.value
        more, *less = _other_numbers(-n)
        yield from map(ast.Constant, (n, more) if hasattr(node, "is_unknown") else (n, more, *less))
    elif isinstance(node, ast.UnaryOp) and op in (ast.USub, ast.Not):
        yield node.operand
    elif isinstance(node, ast.BinOp):
        if op in OPERATORS:
            yield from (_with(node, op=OPERATORS[op]()), node.left, node.right)
        if op is ast.Pow and ast.unparse(node.right) == "2":
            node.left.is_even = True  # (a - b)² is (b - a)²
        if op in HAVE_AN_ORDER and not (op is ast.Sub and hasattr(node, "is_even")):
            yield _with(node, left=node.right, right=node.left)
    elif isinstance(node, ast.AugAssign):
        yield ast.Pass()
        if op in OPERATORS:
            yield _with(node, op=OPERATORS[op]())
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if op is ast.And else ast.And())
        for i in range(len(node.values)):
            yield _with(node, values=node.values[:i] + node.values[i + 1:])
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for table in (NEARBY, OPPOSITE):
            if type(node.ops[0]) in table:
                yield _with(node, ops=[table[type(node.ops[0])]()])
    elif isinstance(node, ast.IfExp):
        yield _with(node, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        for elements in _swapped(node.value.elts):
            yield _with(node, value=_with(node.value, elts=elements))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()


def _other_numbers(n):
    """One more and one less; also twice as much for what is not counted but measured."""
    return (n + 1, n - 1) if isinstance(n, int) else (n + 1, 2 * n) if n else (1.0,)


def _other_calls(node):
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
    if name == "abs":
        for x in (*node.args, getattr(node.func, "value", node)):
            x.is_even = True
    if name == "reshape":  # of a size that is unknown, NumPy only asks whether it is negative
        for x in (*node.args, *(keyword.value for keyword in node.keywords)):
            for size in (x, *getattr(x, "elts", ())):
                size.is_unknown = True
    for a, b in itertools.pairwise(node.args[IN_ANY_ORDER.get(name, slice(0))]):
        a.commutes_with = b
    for arguments in _swapped(node.args):
        yield _with(node, args=arguments)
    for i, keyword in enumerate(node.keywords):
        # UTF-8 is what nearly every machine takes by itself.
        if keyword.arg not in WORDS and ast.unparse(keyword) != "encoding='utf-8'":
            yield _with(node, keywords=node.keywords[:i] + node.keywords[i + 1:])
    for pair in FUNCTIONS if isinstance(node.func, ast.Name) else METHODS:
        if name in pair:
            other = pair[1 - pair.index(name)]
            field = "id" if isinstance(node.func, ast.Name) else "attr"
            yield _with(node, func=_with(node.func, **{field: other}))


def _swapped(nodes):
    """The list with two neighbours swapped, for each two whose order counts."""
    for i, (a, b) in enumerate(zip(nodes, nodes[1:])):
        layers = {ast.unparse(x).partition("(")[0] for x in (a, b)}
        if not (ast.dump(a) == ast.dump(b) or isinstance(a, ast.Starred)
                or getattr(a, "commutes_with", None) is b or layers in COMMUTING_LAYERS):
            yield [*nodes[:i], b, a, *nodes[i + 2:]]


def _with(node, **fields):
    new = copy.copy(node)
    vars(new).update(fields)
    return new
