"""23 GPT block   ★★★   40 minutes

    q, k, v = x wq, x wk, x wv                       C numbers for each position
    head h has columns h·d, ..., h·d + d - 1         d = C/heads; the same for q, k and v
    y = [attention of head 1, ..., attention of the last head] wo
    block: x ← x + attention(norm1(x)), then x ← x + feed_forward(norm2(x))

    multi_head(x, wq, wk, wv, wo, heads, causal)     x (B, T, C), weights (C, C) -> (B, T, C)
    block(x, attention, feed_forward, norm1, norm2)  x (B, T, C) -> (B, T, C)

Given: tinygen with tg.attention(q, k, v, causal=causal), which is exercise 22: it works on the last
two axes, (T, d), and on all in front of them at once. block is given four functions, each of which
takes and returns a Tensor (B, T, C). To write: both, of Tensors. All heads are to be computed by
one call of tg.attention, on (B, heads, T, d). A reshape alone does not get (B, T, C) there, since
it keeps the numbers in their order: split the last axis, then exchange two axes; and back again for
the result. Not allowed: nn.MultiHeadAttention and models.gpt.Block.

By hand: x = [[1, 0], [1, 1]] (T = 2, C = 2), 2 heads, causal, with weights such that q = [[0, 1],
[0, 1]], k = [[0, 0], [0, ln 3]], v = [[0, 0], [4, 4]], and wo exchanges the columns. Position 1
sees itself only, y = [0, 0]. For position 2, head 1 has scores 0 and 0, weights 1/2 and 1/2, so 2;
head 2 has scores 0 and ln 3, weights 1/4 and 3/4, so 3. wo turns [2, 3] into [3, 2]. And a block
whose norms add 1, whose attention multiplies by 3 and whose feed_forward by 5 turns 1 into
1 + 3·2 = 7 and that into 7 + 5·8 = 47; 0 becomes 23.

    python -m demos exercises check 23
"""
import tinygen as tg


def multi_head(x, wq, wk, wv, wo, heads, causal=False):
    # ---- answer
    b, t, c = x.shape

    def split(y):  # (B, T, C) -> (B, heads, T, d)
        return y.reshape(b, t, heads, c // heads).swapaxes(1, 2)

    y = tg.attention(split(x @ wq), split(x @ wk), split(x @ wv), causal=causal)
    return y.swapaxes(1, 2).reshape(b, t, c) @ wo
    # ---- end


def block(x, attention, feed_forward, norm1, norm2):
    # ---- answer
    x = x + attention(norm1(x))
    return x + feed_forward(norm2(x))
    # ---- end
