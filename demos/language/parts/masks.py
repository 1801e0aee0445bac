"""One Transformer block with the causal mask and without: which outputs see which inputs?"""
import tinygen as tg
from models.gpt import Block
from tinygen.backend import np, to_numpy, xp

POSITIONS, WIDTH = 7, 16  # of the sequence; numbers at each position


def mask_effect(rng):
    """The same block on the same sequence, without the mask and with it.

    -> name -> (changes, Jacobian norms), both (T, T), and the largest difference that the mask
       makes to the last output
    """
    block = Block(WIDTH, 2, rng=rng).astype("float64")
    x = rng.standard_normal((1, POSITIONS, WIDTH))
    other = rng.standard_normal(x.shape)  # what inputs are replaced by
    maps, outputs = {}, []
    for name, causal in (("without the mask: encoder", False), ("with the mask: decoder", True)):
        block.causal = causal  # the same weights; this is all that differs
        maps[name] = changes(block, x, other), jacobian_norms(block, x)
        outputs.append(to_numpy(block(xp.asarray(x))))
    return maps, np.abs(outputs[1] - outputs[0])[0, -1].max()


def changes(block, x, other):
    """How much output i changes when input j is replaced.  (1, T, C) twice -> (T, T)"""
    before, columns = to_numpy(block(xp.asarray(x))), []
    for position in range(x.shape[1]):
        replaced = x.copy()
        replaced[:, position] = other[:, position]
        after = to_numpy(block(xp.asarray(replaced)))
        columns.append(np.linalg.norm(after - before, axis=-1)[0])
    return np.stack(columns, axis=1)


def jacobian_norms(block, x):
    """Norm of the derivative of output i with respect to input j.  (1, T, C) -> (T, T)

    One backward pass for all T·C outputs: as many copies of x, and for each the cotangent of one
    output.
    """
    _, t, c = x.shape
    copies = tg.Tensor(xp.asarray(np.repeat(x, t * c, axis=0)))  # (T·C, T, C)
    cotangents = xp.asarray(np.eye(t * c).reshape(t * c, t, c))
    jacobian = to_numpy(tg.grad(block(copies), copies, cotangents)).reshape(t, c, t, c)
    return np.sqrt((jacobian ** 2).sum(axis=(1, 3)))
