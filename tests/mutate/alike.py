"""Mistakes that are none: nobody can tell the result from the right one, so no test can."""

# (file, its line, what is replaced, what by): why. Some cost time or memory, and nothing else.
ALIKE = {
    ("models/gan.py", "return self.layers(x)[:, 0]  # (N/pack, 1) -> (N/pack,)", "0", "-1"):
        "one score for each row",
    ("models/gpt.py", 'order = np.argsort(-scores, axis=1, kind="stable")  # likeliest first',
     "np.argsort(-scores, axis=1, kind='stable')", "np.argsort(-scores, kind='stable')"):
        "the last of two axes, as NumPy takes by default from 2.3 on",
    ("models/gpt.py", "p = np.exp(np.take_along_axis(scores, order, axis=1))",
     "np.take_along_axis(scores, order, axis=1)", "np.take_along_axis(scores, order)"):
        "the last of two axes, as NumPy takes by default from 2.3 on",
    ("models/gpt2.py", "model = GPT(config, rng=np.random.default_rng(0))", "0", "1"):
        "nothing is drawn there",
    ("models/transformer.py", "likeliest = to_numpy(logits)[:, -1].argmax(axis=1)", "-1", "0"):
        "with a cache, there is one step",
    ("tinygen/autograd.py", "if type(x) is Tensor and x._birth > tensor._birth:",
     "x._birth > tensor._birth", "x._birth >= tensor._birth"): "no two have the same number",
    ("tinygen/check/gradients.py",
     "return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)",
     "rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)",
     "rng.uniform(0.5, 1.5, shape) / rng.choice([-1.0, 1.0], shape)"): "1 / -1 is -1",
    **{("tinygen/check/gradients.py",
        "return FLOOR * max([1.0, *(np.abs(to_numpy(y)).max(initial=0) for y in outputs)])", "0",
        n):
       "1.0 is as large" for n in ("1", "-1")},
    ("tinygen/check/gradients.py", "if error.max(initial=0) > TWIN_TOLERANCE:", "0", "-1"):
        "no error is smaller than 0",
    ("tinygen/data/batching.py",
     "order = None if self.rng is None else self.rng.permutation(len(self.arrays[0]))", "0", "-1"):
        "all have the same length",
    ("tinygen/data/batching.py", "yield batch if len(batch) > 1 else batch[0]", "0", "-1"):
        "it holds one array",
    ("tinygen/data/download.py",
     'folders.insert(0, check_path("the data root", root).expanduser())', "0", "-1"):
        "into a list of one",
    ("tinygen/data/images.py",
     "data = file.read(expected + 1)  # one more, to see the end and have the checksum tested", "1",
     "2"): "two more show the end as well",
    ("tinygen/data/tokens.py", "missing = error.args[0]", "0", "-1"): "it holds one key",
    ("tinygen/data/toys.py",
     "GRID_CENTRES = np.array([[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)], "
     "np.float32)", "5", "6"): "the last is 4 as well",
    ("tinygen/data/words.py",
     "for code in range(0x110000):  # the last one is neither a letter nor a number: no "
     "range is open", "1114112", "1114111"): "the last one is no letter",
    ("tinygen/data/words.py",
     '_OWN = [*range(ord("!"), ord("~") + 1), *range(0xa1, 0xad), *range(0xae, 0x100)]', "256",
     "257"): "256 is set anew below",
    ("tinygen/nn/conv.py", "def check_window(layer, kernel_size, stride, padding, dilation=1):",
     "1", "2"): "it is only checked, and 2 may pass too",
    ("tinygen/nn/pool.py",
     "check_window(type(self).__name__, kernel_size, 1 if stride is None else stride, padding)",
     "1", "2"): "it is only checked, and 2 may pass too",
    ("tinygen/nn/spectral.py",
     "self.u = xp.asarray(init.normal((len(w),), 1.0, rng=rng)).astype(w.dtype)", "1.0", "2.0"):
        "only its direction counts",
    ("tinygen/nn/spectral.py", "sigma = ops.matmul(self.u, ops.matmul(matrix, self.v))",
     "ops.matmul(self.u, ops.matmul(matrix, self.v))",
     "ops.matmul(ops.matmul(matrix, self.v), self.u)"): "a product in either order",
    ("tinygen/npz.py", "if claimed > size:  # entries that share their bytes, or a wrong size",
     "claimed > size", "claimed >= size"): "the file has headers, too",
    ("tinygen/npz.py", "if _claimed_bytes(file) > entry.file_size:",
     "_claimed_bytes(file) > entry.file_size", "_claimed_bytes(file) >= entry.file_size"):
        "the file has headers, too",
    ("tinygen/npz.py", "array = np.lib.format.read_array(file, allow_pickle=False)",
     "np.lib.format.read_array(file, allow_pickle=False)", "np.lib.format.read_array(file)"):
        "as by default",
    ("tinygen/npz.py", "if file.read(1):  # reading to the end also tests the checksum", "1", "2"):
        "two show the end as well",
    ("tinygen/operation.py",
     'if y.dtype is not dtype and y.dtype != settings.get("dtype", dtype):  # of astype',
     "y.dtype is not dtype and y.dtype != settings.get('dtype', dtype)",
     "y.dtype != settings.get('dtype', dtype)"): "only slower",
    ("tinygen/operation.py", "elif x.dtype is not dtype and x.dtype != dtype:",
     "x.dtype is not dtype and x.dtype != dtype", "x.dtype != dtype"): "only slower",
    ("tinygen/operation.py", "self.most_inputs = -1 if unpack else sys.maxsize if starred else n",
     "-1", "-2"): "any number below 0 asks for unpack",
    ("tinygen/ops/conv.py",
     "y = conv2d(x, w, b, stride=(1, stride), padding=(0, padding), dilation=(1, dilation),", "1",
     "2"): "the image is one pixel high",
    ("tinygen/ops/conv.py",
     "y = xp.zeros((o, n, size[0] + 2 * top, size[1] + 2 * left), stamps.dtype)", "2", "3"):
        "a larger canvas is cropped",
    ("tinygen/ops/conv.py",
     "w = w.reshape(groups, o // groups, *kernel, c // groups).transpose(0, 1, 4, 2, 3)",
     "w.reshape(groups, o // groups, *kernel, c // groups)",
     "w.reshape(o // groups, groups, *kernel, c // groups)"): "they are merged again",
    ("tinygen/ops/conv.py", "on_all_cores(convolve, cache_parts(n, oh * ow * w[0].size * groups))",
     "0", "-1"): "all have one size",
    ("tinygen/ops/conv.py",
     "if groups == 1 and w[0].size <= len(w):  # a stamp holds fewer numbers than its x: "
     "C of them", "0", "-1"): "all have one size",
    **{("tinygen/ops/conv.py",
        "before, after = (jh - 1 - first[0], jw - 1 - first[1]), (last[0] - h, last[1] - wide)",
        *change): "zeros that no window reaches"
       for change in (("last[0] - h", "last[0]"), ("last[0] - h", "last[0] + h"),
                      ("last[1] - wide", "last[1]"), ("last[1] - wide", "last[1] + wide"))},
    **{("tinygen/ops/conv.py", "if max(top, left, bottom, right) <= 0:", *change): "only a copy"
       for change in (("max(top, left, bottom, right) <= 0", "max(top, left, bottom, right) < 0"),
                      ("max(top, left, bottom, right) <= 0", "False"), ("0", "-1"))},
    ("tinygen/ops/divergence.py", "a = (mean1 - mean2) * xp.exp(-0.5 * logvar2)", "mean1 - mean2",
     "mean2 - mean1"): "it is squared",
    ("tinygen/ops/divergence.py", "_check_probabilities(p, q)", "_check_probabilities(p, q)",
     "_check_probabilities(q, p)"): "the least of both",
    ("tinygen/ops/divergence.py", "return log(where(plain(p) > 0, x, 1.0))", "1.0", "2.0"):
        "log 2 - log 2 is 0 as well",
    **{("tinygen/ops/dropout.py", f"h ^= xp.right_shift(h, xp.uint32({n}), out=shifted)",
        f"xp.right_shift(h, xp.uint32({n}), out=shifted)", f"xp.right_shift(h, xp.uint32({n}))"):
       "it only takes memory" for n in (13, 16)},
    ("tinygen/ops/dropout.py", "return np.random.SeedSequence(seed).generate_state(2)", "2", "3"):
        "the first two words are the same",
    ("tinygen/ops/elementwise.py",
     "return xp.maximum(x > 0, e) / (1 + e), lambda g, y, x: g * y * (1 - y)", "x > 0", "x >= 0"):
        "at 0, e is 1",
    ("tinygen/ops/elementwise.py", "return y, lambda g, y, x: where_positive(g, plain(x), slope=0)",
     "0", "-1"): "at most 0 changes nothing",
    ("tinygen/ops/elementwise.py",
     "return (xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0))),", "x > 0", "x >= 0"):
        "at 0, both are 0",
    ("tinygen/ops/indexing.py",
     "if all(k is None or k is Ellipsis or isinstance(k, (int, slice)) for k in "
     "_as_tuple(key)):", "k is None or k is Ellipsis or isinstance(k, (int, slice))",
     "k is Ellipsis or isinstance(k, (int, slice))"): "add.at does the same, only slower",
    ("tinygen/ops/kernels.py",
     'if axis in (-1, a.ndim - 1) and backend_name() == "numpy":  # a GPU is slow at tiny '
     "products", "axis in (-1, a.ndim - 1) and backend_name() == 'numpy'",
     "axis in (-1, a.ndim - 1)"): "only a GPU's speed",
    ("tinygen/ops/kernels.py",
     "return [slice(start, start + size) for start in range(0, n, size or 1)]", "1", "2"):
        "an empty range",
    ("tinygen/ops/kernels.py", "return (a[..., None, :] @ b[..., :, None])[..., 0]", "0", "-1"):
        "of one column",
    ("tinygen/ops/kernels.py", 'if backend_name() != "numpy" or count < 2:',
     "backend_name() != 'numpy' or count < 2", "count < 2"): "only a GPU's speed",
    ("tinygen/ops/loss.py",
     "e *= -1  # NumPy 2.4's negative writes to wrong places of some strided arrays", "e *= -1",
     "e /= -1"): "1 / -1 is -1",
    ("tinygen/ops/loss.py", "y -= xp.take_along_axis(p, right, axis=1)",
     "xp.take_along_axis(p, right, axis=1)", "xp.take_along_axis(p, right)"):
        "the last of two axes, as NumPy takes by default from 2.3 on",
    ("tinygen/ops/loss.py", "xp.subtract(x > 0, t, out=y)", "x > 0", "x >= 0"):
        "it is multiplied by x",
    ("tinygen/ops/loss.py", "xp.maximum(x > 0, e, out=gx)", "x > 0", "x >= 0"): "at 0, e is 1",
    ("tinygen/ops/loss.py", "gx[xp.arange(len(gx)), right[:, 0]] -= weight[:, 0]", "0", "-1"):
        "of one column",
    ("tinygen/ops/norm.py",
     'lambda g, y, x, w, b=None: xp.einsum("rn,rn->n", _rows(g), _rows(xhat)),',
     "xp.einsum('rn,rn->n', _rows(g), _rows(xhat))",
     "xp.einsum('rn,rn->n', _rows(xhat), _rows(g))"): "a product in either order",
    ("tinygen/ops/norm.py", 'return xp.einsum(f"{axes},{axes}->nc", a, b)',
     "xp.einsum(f'{axes},{axes}->nc', a, b)", "xp.einsum(f'{axes},{axes}->nc', b, a)"):
        "a product in either order",
    ("tinygen/ops/pool.py", "framed = xp.full_like(x, value, shape=(n, c, h + 2 * ph, w + 2 * pw))",
     "2", "3"): "a larger frame, which no window reaches",
    **{("tinygen/ops/pool.py", "apart = stride[0] >= kernel[0] and stride[1] >= kernel[1]",
        f"stride[{i}] >= kernel[{i}]", f"stride[{i}] > kernel[{i}]"):
       "adding to zeros is assigning" for i in (0, 1)},
    ("tinygen/ops/pool.py",
     'row = xp.arange(oh, dtype="int32")[:, None] * stride[0] - padding[0]  # of the '
     "first tap,", "xp.arange(oh, dtype='int32')", "xp.arange(oh)"): "it only takes memory",
    ("tinygen/ops/pool.py",
     'column = xp.arange(ow, dtype="int32") * stride[1] - padding[1]        # < 0 in the '
     "padding", "xp.arange(ow, dtype='int32')", "xp.arange(ow)"): "it only takes memory",
    ("tinygen/ops/pool.py", 'further = xp.multiply(pixels > best, i * w + j, dtype="int32")',
     "xp.multiply(pixels > best, i * w + j, dtype='int32')",
     "xp.multiply(pixels > best, i * w + j)"): "it only takes memory",
    ("tinygen/ops/reduce.py",
     "axes = {a % (len(shape) or 1) for a in axes}  # NumPy's sum(x, 0) takes a single "
     "number too", "1", "2"): "a single number has no axes",
    ("tinygen/ops/reduce.py", "share = y.size / (x.size or 1)", "1", "2"): "0 / 2 is 0 as well",
    ("tinygen/ops/reduce.py", "share = 2 * y.size / (x.size or 1)", "1", "2"): "0 / 2 is 0 as well",
    ("tinygen/ops/shape.py", "if n == 1 and x.shape[new + i] != 1)",
     "n == 1 and x.shape[new + i] != 1", "n == 1"): "sums of one number",
    ("tinygen/optim/optimizer.py", "n, dtype = self.starts[-1], self.params[0].dtype", "0", "-1"):
        "all share one dtype",
    ("tinygen/optim/schedules.py", "if norm > max_norm:", "norm > max_norm", "norm >= max_norm"):
        "at the limit, the factor is 1",
    ("tinygen/optim/schedules.py", "if step < warmup:", "step < warmup", "step <= warmup"):
        "at the peak, both formulas give 1",
    ("tinygen/study/flow.py",
     "moved = {id(p): norm(p.data - before) for p, (before, _, _) in zip(params, kept)}",
     "p.data - before", "before - p.data"): "its size is asked for",
    ("tinygen/study/steps.py", "most = min(MOST, max(LEAST, NUMBERS // max(size, 1)))", "1", "2"):
        "2 is as small",
    **{("tinygen/threads.py", "self.left.get(timeout=0.1)", *change):
       "what it waits for always comes" for change in (
           ("0.1", "1.1"), ("0.1", "0.2"), ("self.left.get(timeout=0.1)", "self.left.get()"))},
}
