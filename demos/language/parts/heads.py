"""What each attention head of a network attends to, read from the graph of what it computed."""
from demos.common.figures import new_figure
from tinygen.autograd import graph
from tinygen.backend import np, to_numpy, xp
from tinygen.ops import attention
from tinygen.tensor import plain


def attention_weights(y):
    """The weights of every attention behind the Tensor y, in order: arrays (B, heads, T, S).

    They are what attention returns when the values are the unit matrix.
    """
    weights = []
    for tensor in graph(y)[0]:
        op, inputs, settings, _, _ = tensor._origin
        if op is attention:
            q, k, _ = map(plain, inputs)
            unit = xp.broadcast_to(xp.eye(k.shape[-2], dtype=q.dtype),
                                   (*k.shape[:-1], k.shape[-2]))
            weights.append(to_numpy(attention(q, k, unit, **settings)))
    return weights


def specialists(weights, ids, tokenizer):
    """For each habit, the causal head that has it most: {(layer, head): (habit, share)}.

    weights: a list of (B, heads, T, T), one for each layer; ids: the tokens (B, T) behind them.
    share: the mean weight on the places that the habit names, over the positions that have such a
    place. The habits are in the order of how far the share exceeds that of equal weights.
    """
    weights = np.stack(weights, axis=1)  # (B, layers, heads, T, T)
    equal = np.tri(ids.shape[1]) / np.arange(1, ids.shape[1] + 1)[:, None]
    found = []
    for habit, places in _habits(ids, tokenizer).items():
        asked = places.any(axis=-1)  # (B, T)
        if not asked.any():
            continue
        # What each head puts on those places, and what equal weights would.
        shares = (weights * places[:, None, None]).sum(axis=-1)  # (B, layers, heads, T)
        shares = np.moveaxis(shares, 0, 2)[:, :, asked].mean(axis=-1)  # (layers, heads)
        by_chance = (equal * places).sum(axis=-1)[asked].mean()
        best = tuple(map(int, np.unravel_index(shares.argmax(), shares.shape)))
        found.append((shares[best] - by_chance, best, habit, float(shares[best])))
    chosen = {}
    for _, head, habit, share in sorted(found, reverse=True):
        chosen.setdefault(head, (habit, share))
    return chosen


def _habits(ids, tokenizer):
    """Places where a head may look: name -> True at [b, t, s] if s is such a place for t."""
    t = np.arange(ids.shape[1])
    earlier = t[:, None] > t  # (T, T)
    blank = np.array([[tokenizer.decode([i]).isspace() for i in row] for row in ids])
    last_blank = np.maximum.accumulate(np.where(blank, t, -1), axis=1)  # (B, T), at or before t
    began = last_blank[..., None] + 1 == t  # the place after it
    everywhere = np.ones((len(ids), 1, 1), bool)
    return {
        "itself": everywhere & (t[:, None] == t),
        "the one just before": everywhere & (t[:, None] == t + 1),
        "two before": everywhere & (t[:, None] == t + 2),
        "where the word began": began & earlier & ~blank[..., None],
        "the last space or line end": (last_blank[..., None] == t) & earlier,
        "the same one, earlier": (ids[..., None] == ids[:, None]) & earlier,
    }


def plot_heads(maps, rows, columns=None, *, causal=False):
    """A large heat map for each head, two in a row: title -> (T, S).

    rows, columns: labels of the T positions that attend and of the S that are attended to (rows
    again if None). causal: the future, which is masked, stays white.
    """
    columns = rows if columns is None else columns
    lines = -(-len(maps) // 2)
    figure, grid = new_figure(lines, 2, squeeze=False, width=11.5,
                              height=lines * (0.7 + 5 * len(rows) / max(len(columns), 16)))
    for axes, (title, weights) in zip(grid.flat, maps.items()):
        if causal:
            weights = np.where(np.tri(len(weights), dtype=bool), weights, np.nan)
        axes.imshow(weights, vmin=0, aspect="auto")
        axes.set_title(title, fontsize=12)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(length=0, labelsize=11, labelfontfamily="monospace", labelcolor="#222222")
    for axes in grid.flat:
        axes.grid(False)
        axes.spines[:].set_visible(False)
    for axes in grid.flat[len(maps):]:
        axes.axis("off")
    return figure
