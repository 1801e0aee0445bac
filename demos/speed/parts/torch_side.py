"""What the benchmark needs of PyTorch, under the names of tinygen_side.

The GPT is as fast as plain PyTorch makes it: query, key and value are one product, attention is
`scaled_dot_product_attention`, and generation writes keys and values into a buffer allocated once.
Its parameters hold the numbers of `models.gpt.GPT` in the same order.
"""
import torch
from torch import nn
from torch.nn import functional as F

Adam, AdamW, clip = torch.optim.Adam, torch.optim.AdamW, torch.nn.utils.clip_grad_norm_
array, exp = torch.from_numpy, torch.exp
mse, bce = F.mse_loss, F.binary_cross_entropy_with_logits


def kl(mean, logvar):
    """From N(mean, exp(logvar)) to N(0, 1), summed over the latents.  (B, k) twice -> (B,)"""
    return 0.5 * (mean ** 2 + logvar.exp() - logvar - 1).sum(-1)


def cross_entropy(logits, ids):
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


# ---- the GPT ----

class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, bias=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm2 = nn.LayerNorm(width, bias=False)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width, bias=False),
                                          nn.GELU(approximate="tanh"),
                                          nn.Linear(4 * width, width, bias=False))

    def forward(self, x, first, kept):
        """x: (B, T, width), the positions from `first` on. kept: room for all keys and values."""
        b, t, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, width // self.heads)
        qkv = qkv.permute(2, 0, 3, 1, 4)  # (3, B, heads, T, width/heads)
        q, k, v = qkv
        if kept is not None:
            kept[:, :, :, first:first + t] = qkv[1:]
            k, v = kept[:, :, :, :first + t]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, width))
        return x + self.feed_forward(self.norm2(x))


class GPT(nn.Module):
    """Token ids to the logits of the token after each.  (B, T) -> (B, T, vocab_size)"""

    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.token = nn.Embedding(c.vocab_size, c.n_embd)
        self.position = nn.Embedding(c.block_size, c.n_embd)
        self.blocks = nn.ModuleList(Block(c.n_embd, c.n_head) for _ in range(c.n_layer))
        self.norm = nn.LayerNorm(c.n_embd, bias=False)
        self.head = nn.Linear(c.n_embd, c.vocab_size, bias=False)
        self.head.weight = self.token.weight

    def forward(self, ids, first=0, cache=None):
        positions = torch.arange(first, first + ids.shape[1])
        x = self.token(ids) + self.position(positions)
        for i, block in enumerate(self.blocks):
            x = block(x, first, None if cache is None else cache[i])
        return self.head(self.norm(x))


@torch.inference_mode()
def generate(model, ids, count):
    """The likeliest tokens after ids, one at a time.  (B, T) -> (B, count)"""
    c = model.config
    cache = torch.empty(c.n_layer, 2, len(ids), c.n_head, c.block_size, c.n_embd // c.n_head)
    written, first = [], 0
    for _ in range(count):
        logits = model(ids, first, cache)[:, -1]
        first += ids.shape[1]
        ids = logits.argmax(dim=1, keepdim=True)
        written.append(ids)
    return torch.cat(written, dim=1)
