"""The result of a demo: measured beside expected, and the verdict in words."""
import json
import math
import re
from pathlib import Path

from demos.common.progress import duration
from tinygen.backend import to_numpy

PASS, FAIL, MEASURED, TOO_SHORT = "pass", "fail", "measured", "not judged at this length"


def title_and_idea(text):
    """A demo's docstring -> its first line, and the paragraphs that follow.

    Indented paragraphs hold commands and are left out: a result states the command that ran.
    """
    title, _, rest = text.strip().partition("\n")
    paragraphs = re.split(r"\n\s*\n", rest.strip("\n"))
    return title, [" ".join(paragraph.split()) for paragraph in paragraphs
                   if paragraph.strip() and not paragraph.startswith(" ")]


def judged_row(metric, value, at_least, at_most, baseline, long_enough):
    """One measured value, as result.json holds it."""
    row = {"metric": metric, "value": float(to_numpy(value)), "criterion": "", "verdict": MEASURED}
    if baseline:
        row["baseline"] = {"name": baseline[0], "value": float(to_numpy(baseline[1]))}
    low = -math.inf if at_least is None else float(to_numpy(at_least))
    high = math.inf if at_most is None else float(to_numpy(at_most))
    if at_least is not None and at_most is not None:
        row["criterion"] = f"{low:.4g} to {high:.4g}"
    elif at_least is not None:
        row["criterion"] = f">= {low:.4g}"
    elif at_most is not None:
        row["criterion"] = f"<= {high:.4g}"
    if row["criterion"]:
        row["verdict"] = PASS if low <= row["value"] <= high else FAIL
        if not long_enough:
            row["verdict"] = TOO_SHORT
    return row


def overall_verdict(rows):
    """The worst of the rows' verdicts."""
    verdicts = [row["verdict"] for row in rows]
    return next((verdict for verdict in (FAIL, TOO_SHORT, PASS) if verdict in verdicts), MEASURED)


def verdict_sentence(result):
    judged = [row for row in result["metrics"] if row["verdict"] in (PASS, FAIL)]
    failed = [row["metric"] for row in judged if row["verdict"] == FAIL]
    if failed:
        return f"FAIL: {len(failed)} of {len(judged)} outside the limit: {', '.join(failed)}."
    if judged:
        return f"PASS: {len(judged)} of {len(judged)} within the limit."
    if result["verdict"] == TOO_SHORT:
        return "Not judged at this length: a run this short only shows that everything works."
    return "Measured only: there is no limit to judge by."


def cells(row):
    """A row as five cells of text: metric, measured, expected, baseline, verdict."""
    baseline = row.get("baseline")
    compared = f"{baseline['name']}: {baseline['value']:.4g}" if baseline else ""
    return row["metric"], f"{row['value']:.4g}", row["criterion"], compared, row["verdict"]


def read_result(folder):
    """The result.json that a run left in `folder`."""
    return json.loads(Path(folder, "result.json").read_text(encoding="utf-8"))


def facts(result):
    """What the numbers belong to: preset, data, seed, steps and time."""
    steps = result["settings"].get("steps")
    parts = [result["preset"], result["data"], f"seed {result['seed']}",
             steps and f"{steps} steps", duration(result["seconds"])]
    return ", ".join(part for part in parts if part)


def summary(result, folder):
    """The result as a few lines of text."""
    lines = ["", f"{result['demo']}: {facts(result)}"]
    if result["metrics"]:
        lines += aligned([("", "measured", "expected", "baseline", ""),
                          *map(cells, result["metrics"])])
        lines.append(verdict_sentence(result))
    if result["figures"]:
        names = ", ".join(figure["file"] for figure in result["figures"])
        lines.append(f"Written to {folder}: {names}")
    lines.append(f"All on one page: {(folder / 'index.html').resolve().as_uri()}")
    return "\n".join(lines)


def strict_summary(results, errors):
    """Claimed, measured and verdict of each judged metric of several runs, as a table; a sentence.

    errors: the names of those that came to no result.
    """
    metrics, table = [], [("demo", "metric", "claimed", "measured", "verdict")]
    for result in results:
        for row in result["metrics"]:
            if row["criterion"]:
                metric, measured, claimed, _, verdict = cells(row)
                table.append((result["demo"], metric, claimed, measured, verdict))
                metrics.append({**row, "metric": f"{result['demo']}: {metric}"})
    table += [(name, "", "", "", "error") for name in errors]
    sentence = verdict_sentence({"metrics": metrics, "verdict": overall_verdict(metrics)})
    if errors:
        sentence = f"FAIL: there were errors in {', '.join(errors)}. The others: {sentence}"
    return "\n".join(["", *aligned(table), sentence])


def aligned(table):
    """Rows of cells as lines of text, in columns."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  " + "   ".join(map(str.ljust, row, widths)).rstrip() for row in table]
