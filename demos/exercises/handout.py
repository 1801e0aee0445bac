"""All tasks as one page to print, an exercise a page."""
from demos.exercises import exercise
from demos.exercises.report import document, save, text


def write(path):
    tasks = []
    for number in exercise.numbers():
        found = exercise.find(number)
        _, stars, minutes = found.head
        body = found.task.partition("\n")[2].strip("\n")
        tasks.append(f"""<section class="task">
<p class="brand">{text(found.chapter)}</p>
<h2>{text(found.label)}</h2>
<p class="facts">{stars} &middot; {minutes} minutes</p>
<pre>{text(body)}</pre>
</section>""")
    save(path, document("tinygen: the exercises", "<header><h1>The exercises</h1></header>\n"
                        + "\n".join(tasks)))
