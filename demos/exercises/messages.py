"""All that a check says, in sentences, and how they are set on the page."""
import re
import textwrap

from demos.exercises.cases import Error
from tinygen.backend import np

WIDTH = 78
TEXT, TABLE = 8 * " ", 10 * " "  # what sentences and tables are indented by
COLOUR = re.compile(r"\033\[\d+m")
WHOLE = 16  # elements of an array that is shown whole

# ---- sentences ----

def written_into(names):
    return f"After the call, {' and '.join(names)} is not what it was before."


def changed(names):
    return (f"Your answer changes {' and '.join(names)}, which belongs to the caller. Work on a "
            f"copy, or let NumPy make a new array: y = x + 1, not x += 1.")


def unsteady(name):
    return (f"A second call with the same arguments gives another {name}. What is kept from call "
            f"to call, such as a list as a default argument, must not change the result.")


def never_called(kind, model):
    what = {"forward": "It was never called", "gradient": "Its gradient was never asked for"}[kind]
    fix = "" if kind == "forward" else (
        " Something in your answer cuts the graph: .data, .numpy() or .detach().")
    return f"{what} while the {model.name} trained.{fix}"


def too_slow(model, training):
    each = f": {training.slowest:.2g} s a call, on {training.on}" if training.on else ""
    return (f"{len(training.losses)} of {model.steps} steps in {training.seconds:.0f} s{each}\n"
            f"It is right, but goes through the numbers in Python. Let NumPy take whole arrays.")


def other_losses(step, mine, own):
    return (f"At step {step} the loss is {mine:.6g}, the engine's own {own:.6g}. On small cases "
            f"your answer is right, in the model it is not.")


def ended_early(count, own):
    return f"Training ended after {count} of {own} steps."


def trained(model, training):
    if training.sentence:
        return training.sentence
    calls = ", ".join(f"{getattr(training, kind)} {kind}" for kind in model.counts)
    return (f"{calls} calls, all yours: loss {training.losses[0]:.3g} -> {training.losses[-1]:.3g} "
            f"in {training.seconds:.1f} s; the engine's own {training.own[-1]:.3g}")


def ended(report, seconds):
    """How a child ended that did not come to its end."""
    at = f"\nIt was in {report.hung}." if report.hung else ""
    return {
        "timeout": f"No answer within {seconds:g} s of computing. Does a loop never end, or go "
                   f"through too many numbers one by one?{at}",
        "memory": "It was ended for lack of memory. How large are the arrays that it makes?",
        "exit": "It ended the process before it gave an answer. Let it return, and call neither "
                "sys.exit nor os._exit.",
    }[report.ended]


def error(found):
    """What an answer raised, as lines."""
    told = {
        "NotImplementedError": "It is still to be written.",
        "SystemExit": "It ends the program (SystemExit). Let it return instead.",
        "EOFError": "It asks for input(), and nobody is there to answer. All that it needs are its "
                    "arguments.",
        "MemoryError": "It asks for more memory than there is. How large are the arrays that it "
                       "makes?",
    }
    if found.kind in ("Wrong", "Refused", "NotAllowed", "NotImplementedError") and found.message:
        return [found.message]
    if found.kind in told:
        sentence = told[found.kind]
    elif (found.kind in ("SyntaxError", "ValueError")  # the latter in Python 3.10, for null bytes
          and re.search("can't decode|code string cannot contain null bytes", found.message)):
        return ["The file is not UTF-8. Let your editor save it in that encoding."]
    elif found.kind in ("SyntaxError", "IndentationError", "TabError"):
        sentence = f"It is not Python: {found.message}."
    elif found.kind == "RecursionError":
        sentence = "It calls itself too deeply (RecursionError). Use a loop and a list of your own."
    else:
        sentence = f"It raises {found.kind}: {found.message[:300]}"
    return [sentence, *([f"Line {found.line}:  {found.text}"] if found.line else [])]


# ---- the page ----

ONCE = {"loads": "it loads", "written": "it is written", "example": "the example is right",
        "values": "the values are right", "inputs unchanged": "the inputs stay as they are",
        "gradients": "the gradients are right"}


def page(check, style, again=()):
    """A check as text.  again: lines with the commands to go on with once it has failed."""
    exercise, verdict, failure = check.exercise, check.verdict, check.verdict.failure
    seed = f"seed {check.seed}"
    lines = [style.bold(exercise.label) + seed.rjust(WIDTH - len(exercise.label))]
    model = exercise.model.name
    small = [stage for stage in verdict.passed if stage != model]
    if small:
        lines.append(f"  {style.ok}  {', '.join(small)}")
    if verdict.success:
        lines += paragraph(f"{model}  {verdict.success}", f"  {style.ok}  ")
    if failure is not None:
        lines += failed(failure, check.count, f"  {style.fail}  ", exercise.shows)
        if verdict.left:
            once = ONCE.get(failure.stage, f"{failure.stage} is right")
            lines += paragraph(f"{', '.join(verdict.left)}: once {once}", f"  {style.left}  ")
        lines += map(style.faint, again)
    if check.printed.strip():
        printed = check.printed.rstrip().splitlines()
        lines += ["Your answer printed:", *printed[:20], *["..."] * (len(printed) > 20)]
    return "\n".join(lines)


def failed(failure, count, mark, shows):
    """A failure as lines, the first of which begins with `mark`; shows as in exercise.py."""
    label = failure.name if failure.stage in ("values", "example", "gradients") else failure.stage
    if failure.stage == "values" and failure.name in ("", "y"):
        label = "values"
    elif failure.stage == "example":
        label = f"example   {failure.name}".rstrip()
    lines = [mark + label]
    case = shown(failure, shows)
    if case is not None and failure.stage != "written":
        lines[0] += f"   case {failure.number} of {count}: "
        told = describe(case)
        lines = ([lines[0] + told] if len(told) <= WIDTH - 4
                 else [lines[0].rstrip(), *paragraph(told, TEXT)])
    found = failure.found
    if isinstance(found, str):
        body = found.split("\n")
    elif isinstance(found, Error):
        body = error(found)
    else:
        body = difference(found, failure.name, case)
    for line in body:
        lines += [line] if line.startswith(TABLE) else paragraph(line, TEXT)
    if failure.sentence:
        lines += paragraph(failure.sentence, TEXT)
    return lines


def paragraph(text, start):
    """Text wrapped to the width, the first line after `start`, the others under it."""
    blank = len(COLOUR.sub("", start)) * "."  # colours take no room
    first, *others = textwrap.wrap(text, WIDTH, initial_indent=blank,
                                   subsequent_indent=TEXT) or [blank]
    return [start + first[len(blank):], *others]


def shown(failure, shows):
    """The failure's case, with the arrays that its value depends on, where `shows` tells."""
    case = failure.case
    names = next((names.split() for part, names in shows.items() if part in failure.name), None)
    if case is None or names is None:
        return case
    arrays = {name: array for name, array in case.arrays.items() if name in names}
    return type(case)(**arrays, **case.settings)


def describe(case):
    """x (2, 3), g (2, 3) float64, axis=-1"""
    arrays = [f"{name} {array.shape}" for name, array in case.arrays.items()]
    dtype = f" {case.dtype}" if arrays else ""
    settings = [f"{name}={value!r}" for name, value in case.settings.items()]
    return ", ".join([", ".join(arrays) + dtype] * bool(arrays) + settings)


def difference(found, name, case):
    """How a value differs from what is expected, as lines."""
    yours, expected = found.yours, found.expected
    wanted = f"shape {expected.shape}, {expected.dtype}"
    if found.kind == "missing":
        return [f"There is no {name}."]
    if found.kind == "kind":
        kind = "a number" if expected.ndim == 0 else f"an array of {wanted}"
        return [f"{name} is {yours}; expected is {kind}."]
    if found.kind == "dtype":
        what = {"i": "are whole numbers", "b": "are booleans"}.get(
            expected.dtype.kind, f"is {expected.dtype}, as the arguments are")
        return [f"{name} is {yours.dtype}; expected {what}."]
    lines = []
    if found.kind == "shape":
        lines.append(f"{name} has shape {yours.shape}; expected is {expected.shape}.")
    elif expected.size > WHOLE and found.worst:
        source = " (finite differences)" if name.startswith("gradient") else ""
        at = ", ".join(map(str, found.worst))
        return [f"worst at ({at}): yours {yours[found.worst]:.6g}, expected "
                f"{expected[found.worst]:.6g}{source}"]
    if max(yours.size, expected.size) <= WHOLE:
        lines += table(columns(case, name, yours, expected))
    return lines


def columns(case, name, yours, expected):
    """What is shown side by side: the case's small arrays, yours, expected."""
    for digits in (4, 6, 8, 10, 12):
        shown = [rows(yours, digits), rows(expected, digits)]
        if shown[0] != shown[1]:
            break
    title = "expected by differences" if name.startswith("gradient") else "expected"
    arrays = {} if case is None else {
        key: rows(array, 4) for key, array in case.arrays.items() if array.size <= WHOLE
        and (name.startswith("gradient") or not re.fullmatch("g.?.?", key))}
    return {**arrays, "yours": shown[0], title: shown[1]}


def rows(array, digits):
    """An array as lines."""
    array = np.asarray(array)
    if array.dtype.kind == "f" and array.size and np.isfinite(array).all():
        plain = 1e-3 < np.abs(array).max() < 1e6 or not array.any()
    else:
        plain = True
    text = np.array2string(array, precision=digits, suppress_small=plain, max_line_width=60)
    if array.ndim == 2:  # a matrix needs no brackets around its rows
        return [line[1:] for line in text[:-1].splitlines()]
    return text.splitlines()


def table(columns):
    """{title: lines} side by side, as many as fit: the last two always do, if need be stacked."""
    def width(names):
        return sum(3 + max(map(len, [name, *columns[name]])) for name in names)

    names = list(columns)
    while len(names) > 2 and width(names) > WIDTH:
        del names[-3]
    if width(names) > WIDTH + 10:
        return [TABLE + line for name in names for line in (name, *columns[name])]
    height = max(len(columns[name]) for name in names)
    lines = []
    for i in range(-1, height):
        cells = [name if i < 0 else columns[name][i] if i < len(columns[name]) else ""
                 for name in names]
        lines.append(TABLE + "   ".join(
            cell.ljust(max(map(len, [name, *columns[name]])))
            for name, cell in zip(names, cells)).rstrip())
    return lines
