"""What the benchmark needs of tinygen. torch_side has the same names, for PyTorch."""
import tinygen as tg
from models import gpt
from tinygen.backend import np, xp

nn = tg.nn
Adam, AdamW, clip = tg.optim.Adam, tg.optim.AdamW, tg.optim.clip_grad_norm
array, exp = xp.asarray, tg.exp
mse, bce, cross_entropy = tg.mse, tg.bce_with_logits, tg.cross_entropy
kl = tg.kl_standard_normal
GPT = gpt.GPT


def generate(model, ids, count):
    """The likeliest tokens after ids, one at a time.  (B, T) -> (count, B)"""
    return np.stack(list(gpt.generate(model, ids, count, temperature=0,
                                      rng=np.random.default_rng(0))))
