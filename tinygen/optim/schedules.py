"""Learning-rate schedules, as factors on lr, and gradient clipping."""
import math
from numbers import Real

from tinygen.backend import np, settle, xp
from tinygen.checks import check_number
from tinygen.errors import describe
from tinygen.optim.optimizer import listed


def warmup_cosine(step, *, warmup, total, final=0.0):
    """Factor on the learning rate: a linear rise for `warmup` steps, then half a cosine to `final`.

    step counts from 0; the factor is 1 at step = warmup and `final` from step = total on.
    Raises ValueError unless 0 <= step and 0 <= warmup < total.
    SGDR: stochastic gradient descent with warm restarts (Loshchilov and Hutter, 2017).
    """
    check_number("warmup_cosine", 0, math.inf, step=step, warmup=warmup, total=total, final=final)
    if warmup >= total:
        raise ValueError(f"warmup_cosine: needs 0 <= warmup < total, got warmup={warmup}, "
                         f"total={total}")
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / (total - warmup))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))


def step_decay(step, *, every, factor=0.1):
    """Factor on the learning rate: multiplied by `factor` after every `every` steps.

    factor^⌊step / every⌋.  Raises ValueError unless step >= 0 and every >= 1.
    """
    check_number("step_decay", 0, math.inf, step=step, factor=factor)
    check_number("step_decay", 1, math.inf, every=every)
    return factor ** (step // every)


def clip_grad_norm(params, max_norm):
    """Scale all gradients down so that their norm, as of one vector, is at most max_norm.

    Returns the norm before, a float. Raises FloatingPointError if it is not finite, and ValueError
    unless max_norm is above 0 and at least one parameter has a gradient.
    On the difficulty of training recurrent neural networks (Pascanu, Mikolov and Bengio, 2013).
    """
    if not isinstance(max_norm, Real) or not max_norm > 0:
        raise ValueError(f"clip_grad_norm: max_norm must be a number above 0, got "
                         f"{describe(max_norm)}")
    params = listed("clip_grad_norm", params)
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        raise ValueError("clip_grad_norm: no parameter has a gradient; call loss.backward() first")
    with np.errstate(over="ignore"):
        square, = settle(sum(xp.vdot(g.data, g.data) for g in grads))
    norm = math.sqrt(square)
    if not math.isfinite(norm):
        raise _not_finite(grads, norm)
    if norm > max_norm:
        for g in grads:
            g.data = g.data * (max_norm / norm)  # not in place: two gradients may be one array
    return norm


def _not_finite(grads, norm):
    """The error for gradients whose norm is infinite or NaN."""
    bad = [g.shape for g in grads if not xp.isfinite(g.data).all()]
    if bad:
        return FloatingPointError(f"clip_grad_norm: the norm of the gradients is {norm}, with NaN "
                                  f"or infinity in {len(bad)} of {len(grads)}, of shapes "
                                  f"{bad[:3]}; with tg.detect_nan() finds the op")
    largest = max(float(abs(g.data).max()) for g in grads if g.size)
    return FloatingPointError(f"clip_grad_norm: the gradients have grown so large, up to "
                              f"{largest:.1e}, that the sum of their squares overflows; most often "
                              "the learning rate is too large")

