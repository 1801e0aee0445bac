"""09 cross entropy   ★★   30 minutes

    p = softmax(x)                                   of each row: C scores -> C probabilities
    y = mean of -log p[label] over the N rows        in nats
    gradient by x = g/N · (p - 1 at the label)       g is the gradient by y

    cross_entropy(x, labels)    x (N, C) scores, labels (N,) integers from 0 to C - 1
                                -> y, one number; a function gradient(g); None
    gradient(g)                 g, one number -> the gradient by x, (N, C)

Given: NumPy, nothing else. To write: cross_entropy, which returns three things: y, gradient, and
None in place of a gradient by labels, since integers have none. The dtype is that of x. Write
log p[label] as x[label] - log Σ e^x, so that the log of a probability that was rounded to 0 is
never taken. Nothing may overflow, not even where x is 1000. Not allowed: tinygen.

By hand: x = [[0, ln 3], [0, 0]] has the probabilities p = [[1/4, 3/4], [1/2, 1/2]]. With
labels = [1, 0] we have y = (-ln 3/4 - ln 1/2) / 2 = 0.4904. With g = 2, g/N is 1, and the gradient
is p with 1 subtracted at the labels: [[1/4, -1/4], [-1/2, 1/2]].

    python -m demos exercises check 09
"""
import numpy as np


def cross_entropy(x, labels):
    # ---- answer
    rows = np.arange(len(x))
    scores = x - x.max(axis=1, keepdims=True)  # the largest is 0: nothing overflows
    total = np.exp(scores).sum(axis=1, keepdims=True)  # (N, 1)
    y = (np.log(total[:, 0]) - scores[rows, labels]).mean()

    def gradient(g):
        p = np.exp(scores) / total
        p[rows, labels] -= 1
        return g / len(x) * p

    return y, gradient, None
    # ---- end
