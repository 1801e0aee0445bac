"""What grading leaves behind: grades.csv, a JSON for each student, and one page to project."""
import csv
import html
import io
import json
import time
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

from demos.common.report import STYLE_SHEET
from tinygen.files import replacing

FENCE = ("Each answer ran in a process of its own. It had {seconds:g} s of computing; limited were "
         "{limits}; refused were processes, sockets, ctypes, deleting, and writing elsewhere. That "
         "stops accidents and pranks; it is no sandbox against hostile code.")
MARKS = {"pass": "✓", "fail": "✗", "error": "!", "timeout": "t", "memory": "m", "missing": "–"}
REASONS = {"timeout": "gave no answer in time", "memory": "asked for too much memory",
           "error": "ended with an error", "written": "did not write all of it",
           "loads": "did not hand in what can be loaded"}
SHOWN = 12  # of what the class got wrong, before the rest is folded away


def write(out, grades, exercises, seed, seconds):
    """Write all of the report to the folder `out`."""
    students = defaultdict(dict)
    for grade in grades:
        students[grade.student][grade.number] = grade
    save(out / "grades.csv", table(students, exercises))
    (out / "students").mkdir(exist_ok=True)
    for student, row in students.items():
        told = {"student": student, "seed": seed,
                "exercises": [asdict(grade) for grade in row.values()]}
        save(out / "students" / f"{student}.json", json.dumps(told, indent=1, ensure_ascii=False))
    save(out / "index.html", page(students, exercises, seed, seconds))


def save(path, text):
    with replacing(path) as file:
        file.write(text.encode("utf-8", "replace"))  # an answer may print half a character


def table(students, exercises):
    """A row for each student: how many passed, and the status and share of each exercise."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "passed", *(f"{found.label}{what}" for found in exercises
                                            for what in ("", " share"))])
    for student, row in students.items():
        # A spreadsheet takes what begins with = for a formula.
        name = f"'{student}" if student[:1] in "=+-@\t" else student
        cells = [cell for found in exercises
                 for cell in (row[found.number].status, f"{row[found.number].share:.2f}")]
        writer.writerow([name, count_passed(row), *cells])
    return "\ufeff" + text.getvalue()  # the mark tells spreadsheets that it is UTF-8


def count_passed(row):
    return sum(grade.status == "pass" for grade in row.values())


def went_wrong(students, exercises):
    """What the class got wrong: (how many, exercise, sentence).

    Mistakes that are known come first, the most frequent at the top; then errors and the like.
    """
    counts, known = Counter(), set()
    labels = {found.number: found.label for found in exercises}
    for row in students.values():
        for grade in row.values():
            if grade.status not in ("pass", "missing"):
                sentence = grade.mistake or REASONS.get(
                    grade.status if grade.status != "fail" else grade.stage,
                    f"failed in {grade.stage}, by no mistake that is known")
                counts[grade.number, sentence] += 1
                known |= {sentence} if grade.mistake else set()
    ordered = sorted(counts.items(), key=lambda item: (item[0][1] not in known, -item[1], item[0]))
    return [(count, labels[number], sentence) for (number, sentence), count in ordered]


# ---- the page ----

def page(students, exercises, seed, seconds):
    limits = sorted({limit for row in students.values() for grade in row.values()
                     for limit in grade.limits})
    count = len(students)
    wrong = [f"<li><b>{n} of {count}</b> <span>{text(label)}</span> <span>{text(told(sentence))}"
             "</span></li>" for n, label, sentence in went_wrong(students, exercises)]
    head = "".join(f"<th><span>{text(found.label)}</span></th>" for found in exercises)
    foot = "".join(f"<td>{sum(row[found.number].status == 'pass' for row in students.values())}"
                   "</td>" for found in exercises)
    rows = "\n".join(
        f"<tr><th scope='row'>{text(student)}</th>"
        + "".join(cell(i, row[found.number]) for found in exercises)
        + f"<td>{count_passed(row)}</td></tr>"
        for i, (student, row) in enumerate(students.items()))
    legend = ", ".join(f"{mark} {status}" for status, mark in MARKS.items())
    messages = "\n".join(message(i, grade) for i, row in enumerate(students.values())
                         for grade in row.values())
    return document(f"Grades of {count} students", f"""<header>
<p class="brand">tinygen</p>
<h1>{count} students, {len(exercises)} exercises</h1>
<p class="facts">{time.strftime("%d %B %Y, %H:%M")} &middot; seed {seed}</p>
<p class="facts">{text(FENCE.format(seconds=seconds, limits=", ".join(limits) or "nothing"))}</p>
</header>
<section>
<h2>What the class got wrong</h2>
{mistakes(wrong)}
</section>
<section id="grades">
<h2>Students and exercises</h2>
<p>Each cell opens its message: {legend}.</p>
<table>
<tr class="labels"><th>student</th>{head}<th><span>passed</span></th></tr>
{rows}
<tr><th>passed</th>{foot}<td></td></tr>
</table>
</section>
{messages}""")


def mistakes(items):
    """The most frequent mistakes as a list, and the others folded away."""
    if not items:
        return "<p>Nothing: all that was handed in has passed.</p>"
    lists = ["\n".join(['<ul class="wrong">', *part, "</ul>"])
             for part in (items[:SHOWN], items[SHOWN:])]
    more = len(items) - SHOWN
    folded = f"<details><summary>{more} more</summary>\n{lists[1]}</details>" if more > 0 else ""
    return lists[0] + folded


def told(sentence):
    """A mistake's sentence as one about several: "left out Σ g·y", without the You."""
    return sentence.removeprefix("You ")


def cell(i, grade):
    return (f'<td><a class="{grade.status}" href="#m{i}-{grade.number:02d}" '
            f'title="{text(grade.student)}, {grade.number:02d}: {grade.status}">'
            f"{MARKS[grade.status]}</a></td>")


def message(i, grade):
    return f"""<section class="message" id="m{i}-{grade.number:02d}"><div>
<h2>{text(grade.student)}</h2>
<pre>{text(grade.message)}</pre>
<p><a href="#grades">Back to the table</a></p>
</div></section>"""


def document(title, body):
    """A page of its own, with all that it needs."""
    styles = [STYLE_SHEET, Path(__file__).with_name("report.css")]
    style = "".join(path.read_text(encoding="utf-8") for path in styles)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def text(value):
    return html.escape(str(value))
