"""The backward pass, op by op: source, derivation, numbers, and finite differences beside them.

`loss.backward()` walks back through everything that was computed. Here the walk stops at each op
and shows what it sees there: the rule with its derivation, what the op was given in the forward
pass, the cotangent ȳ = ∂L/∂y that has come back to its output, and what the op makes of it for each
input. Beside each gradient stands the finite difference, found by moving one number of one input
after the other, of this op alone.

    python -m demos step_backward                     exclusive or, by a small network; 1 s
    python -m demos step_backward --of vae            a variational autoencoder
    python -m demos step_backward --of gpt            a GPT of one block
    python -m demos step_backward --of softmax        an op: any in the table of tinygen.check

In a terminal, Enter goes on, b back, and q ends the walk; otherwise, and with --no-pause, all steps
are printed. The walk is also an animation: on the left the graph, coloured as far as gradients have
come; in the middle the rule; on the right its numbers, gradients in blue below 0 and orange above.

Expect, from any seed, gradients and differences to agree to 1e-8 (float64), and the sum of what has
come to a parameter to be what tg.grad gives, to the last bit. In your own code the same is

    for step in tg.study.backward_steps(loss): print(step)

Rumelhart, Hinton and Williams, Learning representations by back-propagating errors (1986).
"""
import tinygen as tg
from demos.common.run import demo
from demos.inside.parts.step_figure import plot_steps
from demos.inside.parts.subjects import subject
from demos.inside.parts.terminal import answer_to, at_a_terminal
from tinygen import study
from tinygen.backend import np, to_numpy

PRESETS = {
    "smoke": dict(of="softmax", pause=False),
    "default": dict(of="mlp", pause=True),
    "tour": dict(pause=False),
}
AGREE = 1e-7  # at most, between a gradient and its finite difference
SECONDS = 2.5  # a step is shown in the animation


@demo(PRESETS)
def main(run):
    compute, model, g = subject(run.settings.of, run.rng)
    graph, y = study.trace(compute, model), compute()
    steps = list(study.backward_steps(y, g=g, model=model))
    pages = [page(step, graph) for step in steps]
    if run.settings.pause and at_a_terminal():
        turn(pages)
    else:
        for text in pages:
            run.print(text)
    measure(run, steps, y, model)
    show(run, graph, steps)


def measure(run, steps, y, model):
    run.measure("largest distance of a gradient from its finite difference",
                max(distance(step) for step in steps), at_most=AGREE)
    if model is not None:
        totals = {given.name: total for step in steps
                  for given, total in zip(step.given, step.totals) if given.node is None}
        names, parameters = zip(*model.named_parameters())
        gradients = tg.grad(y, parameters, retain_graph=True)
        run.measure("largest distance of a parameter's total from tg.grad",
                    max(np.abs(totals[name] - to_numpy(gradient)).max()
                        for name, gradient in zip(names, gradients)), at_most=0)


def show(run, graph, steps):
    of = run.settings.of
    run.save_figure(graph.draw(), "graph", f"What {of} computes, from top to bottom.")
    run.save_animation(
        plot_steps(graph, steps), "steps",
        f"The way back through {of}. Left, what gradients have reached, and where the walk is. "
        "Middle, the rule of that op. Right, its output and inputs with the gradients of the loss "
        "by them: as backward finds them, and by finite differences.", seconds=SECONDS)


def page(step, graph):
    """The text of a step, with the module that called the op."""
    module = graph.nodes[step.number].module
    return f"{f'in {module}' if module else ''}\n{step}"


def turn(pages):
    """Show one page after the other, as the reader asks."""
    at = 0
    while at < len(pages):
        print(f"\n{pages[at]}")
        answer = answer_to("Enter: next   b: back   q: quit  ")
        if answer in ("q", None):
            return
        at = max(at - 1, 0) if answer == "b" else at + 1


def distance(step):
    """The largest of a step's gradients from finite differences."""
    return max(np.nanmax(np.abs(gradient - difference), initial=0)
               for gradient, difference in zip(step.gradients, step.differences)
               if gradient is not None)
