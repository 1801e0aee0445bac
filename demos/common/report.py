"""A run, or the whole tour, as one self-contained HTML page: figures, measured beside expected."""
import base64
import html
import platform
import re
import time
from pathlib import Path

from demos.common.progress import duration
from demos.common.results import FAIL, PASS, cells, facts, read_result, verdict_sentence
from tinygen.files import replacing

# What the tour does not show by itself: command -> what it is for.
LOOK_INSIDE = {
    "playground": "Draw a digit, move through a space of codes, train a GAN by hand, write with a "
                  "GPT: the models answer in your browser.",
    "museum": "Mistakes that were really made, each beside the run without it: which number gives "
              "it away?",
    "step_backward --of gpt": "The backward pass of a GPT, op by op: the rule, its numbers, and "
                              "finite differences beside them. Or of any op: `--of softmax`.",
    "signal --depth 8": "How signals and gradients get through a network, at any depth.",
    "exercises": "Write the parts of the engine yourself, and train models on them.",
}
TYPES = {".png": "image/png", ".gif": "image/gif", ".wav": "audio/wav"}
STYLE_SHEET = Path(__file__).with_name("report.css")


def write_tour_page(path, gradients, runs, seconds, note):
    """Write the page of the tour to `path`.

    gradients: exit status and text of the gradient table, whose last line sums it up. runs: a list
    of (demo, title, folder, error) in the order they ran; unless there is an error, `folder` holds
    result.json and the figures, sounds and texts it names. note: a sentence for the page's head.
    """
    status, table = gradients
    table, _, conclusion = table.strip().rpartition("\n")
    gradient_badge = _badge("error" if status else PASS)
    sections = [_section(*run) for run in runs]
    _write(path, "tinygen: the tour", f"""<header>
<p class="brand">tinygen</p>
<h1>A deep learning engine in NumPy, at work</h1>
<p>Every gradient below is checked against finite differences, and every result stands beside what
is expected. All of it was computed on this machine, in {duration(seconds)}. {_text(note)}</p>
<p class="facts">{_circumstances()}</p>
<nav>
<a href="#gradients"><b>gradients</b> Derivatives against finite differences. {gradient_badge}</a>
{_overview(runs)}
<a href="#inside"><b>look inside</b> More to see, and to do yourself.</a>
</nav>
</header>
<section id="gradients">
<h2>The gradients</h2>
<p>One row for each operation, argument and order of derivative: the largest relative error of
what the engine computes against what finite differences give.</p>
<p>{_text(conclusion)} {gradient_badge}</p>
<pre class="scroll" tabindex="0">{_text(table)}</pre>
</section>
{"".join(sections)}
{_look_inside([demo for demo, _, _, error in runs if not error])}
<footer>Made by <code>python -m demos</code>. This file needs no others.</footer>""")


def write_run_page(folder, result):
    """Write index.html, the page of one run, to the folder with its figures, sounds and texts."""
    _write(folder / "index.html", f"tinygen: {result['demo']}", f"""<header>
<p class="brand">tinygen</p>
<h1>{_text(result["demo"])}</h1>
<p class="lead">{_text(result["title"])}</p>
</header>
{_content(folder, result)}
<footer>{_circumstances()}. This file needs no others.</footer>""")


def _write(path, title, body):
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title)}</title>
<style>
{STYLE_SHEET.read_text(encoding="utf-8")}</style>
</head>
<body>
{body}
</body>
</html>
"""
    with replacing(path) as file:
        file.write(page.encode())


def _circumstances():
    return (f"{time.strftime('%d %B %Y, %H:%M')} &middot; Python {platform.python_version()} "
            f"&middot; {_text(platform.system())} {_text(platform.machine())}")


def _overview(runs):
    items = []
    for demo, title, folder, error in runs:
        badge = _badge("error" if error else read_result(folder)["verdict"])
        items.append(f'<a href="#{_text(demo)}"><b>{_text(demo)}</b> {_text(title)} {badge}</a>')
    return "\n".join(items)


def _section(demo, title, folder, error):
    if error:
        content = f"<p>{_badge('error')} This demo did not finish.</p>\n<pre>{_text(error)}</pre>"
    else:
        content = _content(folder, read_result(folder))
    return f"""<section id="{_text(demo)}">
<h2>{_text(demo)}</h2>
<p class="lead">{_text(title)}</p>
{content}
</section>
"""


def _look_inside(shown):
    """What to try next. shown: the demos that are on this page."""
    items = []
    for command, text in LOOK_INSIDE.items():
        demo = command.partition(" ")[0]
        above = f' One such run is <a href="#{demo}">above</a>.' if demo in shown else ""
        items.append(f"<dt><code>python -m demos {_text(command)}</code></dt>\n"
                     f"<dd>{_with_code(text)}{above}</dd>")
    items = "\n".join(items)
    return f"""<section id="inside">
<h2>Look inside</h2>
<p>There is more to see, and to do yourself:</p>
<dl>
{items}
</dl>
</section>"""


def _content(folder, result):
    """The idea, the figures, the measurements, and how they were made."""
    return "\n".join([
        *(f"<p>{_with_code(paragraph)}</p>" for paragraph in result["idea"]),
        *(_figure_html(Path(folder, each["file"]), each["caption"]) for each in result["figures"]),
        _table(result),
        f'<p class="facts"><code>{_text(result["command"])}</code><br>',
        f"{_text(facts(result))}</p>"])


def _figure_html(path, caption):
    if path.suffix == ".txt":
        shown = f"<pre>{_text(path.read_text(encoding='utf-8'))}</pre>"
    else:
        data = base64.b64encode(path.read_bytes()).decode()
        source = f'src="data:{TYPES[path.suffix]};base64,{data}"'
        shown = (f"<audio controls {source}></audio>" if path.suffix == ".wav"
                 else f'<img {source} alt="{_text(caption)}">')
    return f"""<figure>
{shown}
<figcaption>{_text(caption)}</figcaption>
</figure>"""


def _table(result):
    if not result["metrics"]:
        return ""
    rows = []
    for metric, measured, expected, baseline, verdict in map(cells, result["metrics"]):
        rows.append(f'<tr><th scope="row">{_text(metric)}</th><td>{measured}</td>'
                    f"<td>{_text(expected)}</td><td>{_text(baseline)}</td>"
                    f"<td>{_badge(verdict)}</td></tr>")
    rows = "\n".join(rows)
    return f"""<table>
<tr><td></td><th>measured</th><th>expected</th><th>baseline</th><td></td></tr>
{rows}
</table>
<p>{_text(verdict_sentence(result))}</p>"""


def _badge(verdict):
    kind = {PASS: "good", FAIL: "bad", "error": "bad"}.get(verdict, "plain")
    return f'<span class="badge {kind}">{_text(verdict)}</span>'


def _with_code(text):
    """Text in which `names` between backticks are code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(text):
    return html.escape(str(text))
