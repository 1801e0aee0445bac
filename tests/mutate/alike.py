"""Mistakes that are none: nobody can tell the result from the right one, so no test can."""

# (file, its line, what is replaced, what by): why
ALIKE = {
    ("models/gpt2.py", "model = GPT(config, rng=np.random.default_rng(0))", "0", "1"):
        "nothing is drawn there",
    ("models/vae.py", "self.encoder = nn.Sequential(",
     "nn.Sequential(down(config.channels + config.classes, c1, rng), nn.ReLU(), "
     "down(c1, c2, rng), nn.ReLU(), nn.Flatten(), *dense([inside, hidden], rng))",
     "nn.Sequential(down(config.channels + config.classes, c1, rng), nn.ReLU(), "
     "down(c1, c2, rng), nn.Flatten(), nn.ReLU(), *dense([inside, hidden], rng))"):
        "relu takes each number by itself",
    ("tinygen/autograd.py", "if type(x) is Tensor and x._birth > tensor._birth:",
     "x._birth > tensor._birth", "x._birth >= tensor._birth"): "no two have the same number",
    ("tinygen/check/gradients.py",
     "return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)",
     "rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)",
     "rng.uniform(0.5, 1.5, shape) / rng.choice([-1.0, 1.0], shape)"): "1 / -1 is -1",
    ("tinygen/data/images.py",
     "data = file.read(expected + 1)  # one more, to see the end and have the checksum tested",
     "1", "2"): "two more show the end as well",
    ("tinygen/npz.py", "if claimed > size:  # entries that share their bytes, or a wrong size",
     "claimed > size", "claimed >= size"): "the file has headers, too",
    ("tinygen/ops/conv.py",
     "y = conv2d(x, w, b, stride=(1, stride), padding=(0, padding), dilation=(1, dilation),",
     "1", "2"): "the image is one pixel high",
    ("tinygen/ops/conv.py",
     "y = xp.zeros((o, n, size[0] + 2 * top, size[1] + 2 * left), stamps.dtype)", "2", "3"):
        "a larger canvas is cropped",
    **{("tinygen/ops/dropout.py", f"h ^= xp.right_shift(h, xp.uint32({n}), out=shifted)",
        f"xp.right_shift(h, xp.uint32({n}), out=shifted)", f"xp.right_shift(h, xp.uint32({n}))"):
       "it only takes memory" for n in (13, 16)},
    ("tinygen/ops/indexing.py",
     "if all(k is None or k is Ellipsis or isinstance(k, (int, slice)) for k in _as_tuple(key)):",
     "k is None or k is Ellipsis or isinstance(k, (int, slice))",
     "k is Ellipsis or isinstance(k, (int, slice))"): "add.at does the same, only slower",
    ("tinygen/ops/kernels.py", 'if axis in (-1, a.ndim - 1) and backend_name() == "numpy":'
     "  # a GPU is slow at tiny products", "axis in (-1, a.ndim - 1) and backend_name() == 'numpy'",
     "axis in (-1, a.ndim - 1)"): "only a GPU's speed",
    ("tinygen/ops/loss.py", "e *= -1  # NumPy 2.4's negative writes to wrong places of some strided "
     "arrays", "e *= -1", "e /= -1"): "1 / -1 is -1",
    ("tinygen/ops/loss.py", "y -= xp.take_along_axis(p, right, axis=1)",
     "xp.take_along_axis(p, right, axis=1)", "xp.take_along_axis(p, right)"):
        "1 is the last of two axes, which NumPy takes by itself",
    ("tinygen/ops/loss.py", "xp.subtract(x > 0, t, out=y)", "x > 0", "x >= 0"):
        "it is multiplied by x",
    ("tinygen/ops/loss.py", "xp.maximum(x > 0, e, out=gx)", "x > 0", "x >= 0"): "at 0, e is 1",
    ("tinygen/ops/elementwise.py",
     "return xp.maximum(x > 0, e) / (1 + e), lambda g, y, x: g * y * (1 - y)", "x > 0", "x >= 0"):
        "at 0, e is 1",
}
