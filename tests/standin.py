"""A stand-in for CuPy that needs no GPU: NumPy with CuPy's manners, so that CI catches mixing.

    from tests import standin
    use_backend(standin)            # what  pytest --backend standin  does

This module is the library. `standin.exp` is NumPy's, with its arguments unwrapped and its result
wrapped in `standin.ndarray`, which behaves as CuPy's does where that differs from NumPy's:

- nothing turns into a NumPy array by itself: `asarray` brings numbers in, `.get()` brings them out,
  and both copy;
- a NumPy array or a list among the operands is a TypeError; Python's and NumPy's scalars are not;
- a reduction or a single element is a 0-d array, never a scalar, and 0-d arrays are not sizes;
- `a * b` leaves the answer to b if b asks for it in CuPy's way;
- elementwise results lie in C order, whatever the layout of the operands;
- functions, ufunc methods and keywords that CuPy 13 lacks are missing. So is `random`, since random
  numbers are drawn on the host, and anything else in NumPy that the engine does not use.

- an index array out of range wraps around.

It is stricter than CuPy in two ways. `numpy.exp(a)` raises here and computes on the GPU there; a
NumPy array as an index raises here and is uploaded at each use there.

`counts` counts what costs time on a GPU: launches of a kernel, whatever it computes, and waits
until it has done all of them.
"""
import functools
from collections import Counter
from operator import attrgetter
from types import SimpleNamespace

import numpy as np

# Callable in NumPy, missing in CuPy 13.
ABSENT = """
    acos acosh apply_over_axes asin asinh asmatrix astype atan atan2 atanh bitwise_count
    bitwise_invert bitwise_left_shift bitwise_right_shift block bmat bool busday_count busday_offset
    busdaycalendar bytes_ character clongdouble complex256 concat cumulative_prod cumulative_sum
    datetime64 datetime_as_string datetime_data einsum_path errstate flexible float128 frompyfunc
    fromregex geomspace get_include getbufsize geterr geterrcall histogram_bin_edges info insert
    is_busday isdtype isnat long longdouble matrix matrix_transpose matvec memmap nanpercentile
    nanquantile ndenumerate nditer nested_iters object_ permute_dims polyder polydiv polyint pow
    put_along_axis recarray record setbufsize seterr seterrcall show_runtime spacing str_ test
    timedelta64 trapezoid ulong unique_all unique_counts unique_inverse unique_values unstack vecdot
    vecmat void"""

# Keywords of NumPy's functions that CuPy's lack; of `where`, copyto is the exception.
REFUSED = {"where", "initial", "correction", "stable", "subok", "writeable", "like", "device"}

# What CuPy's ufuncs take, which of them have .reduce and .at, and the dtypes that .at adds to.
UFUNC_KEYWORDS = {"out", "dtype", "casting"}
REDUCIBLE = {"add", "multiply"}
SCATTERED = {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"}
SCATTER_TYPES = {"float16", "float32", "float64", "int32", "uint32", "uint64"}

# Where the sizes begin among the arguments of a function.
SIZES = {"zeros": 0, "ones": 0, "empty": 0, "eye": 0, "identity": 0, "tri": 0,
         "reshape": 1, "broadcast_to": 1}

ATTRIBUTES = ("dtype", "shape", "ndim", "size", "strides", "itemsize", "nbytes")
METHODS = """
    all any argmax argmin argpartition argsort astype choose clip compress conj copy cumprod cumsum
    diagonal dot fill flatten item max mean min nonzero partition prod put ravel repeat
    reshape round searchsorted sort squeeze std sum swapaxes take tobytes tolist trace
    transpose var view"""


# What moves no number, and what brings numbers to the host.
VIEWS = set("reshape transpose swapaxes squeeze broadcast_to expand_dims moveaxis view diagonal "
            "as_strided sliding_window_view empty empty_like result_type shape ndim".split())
READING = {"item", "tolist", "tobytes"}

counts = Counter()


# Unwrapping and wrapping

def _holds_arrays(value):
    """Is it an array of this library, or a list or tuple with one in it?"""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_arrays, value))
    return isinstance(value, ndarray)


def _unwrap(value):
    """The NumPy array inside a stand-in array, or inside each of a list of them."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>: a NumPy array among this "
                        "library's; upload it with xp.asarray")
    if isinstance(value, (list, tuple)):
        if 0 < sum(isinstance(v, ndarray) for v in value) < len(value):
            raise TypeError("arrays and plain numbers in one list: a 0-d array is no size; write "
                            "int(a) for one")
        return type(value)(map(_unwrap, value))
    return value


def _unwrap_operand(value):
    """The same for an operand of a ufunc: an array or a number, nothing else."""
    if isinstance(value, (ndarray, np.ndarray)):
        return _unwrap(value)
    if isinstance(value, (int, float, complex, np.generic)):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def _unwrap_index(key, shape):
    """The same for an index, where arrays may stand beside slices and integers."""
    keys = [_unwrap(k) for k in (key if isinstance(key, tuple) else (key,))]
    axis = 0
    for i, k in enumerate(keys):
        if k is Ellipsis:
            axis = len(shape) - sum(map(_axes, keys[i:]))
        elif isinstance(k, np.ndarray) and k.dtype.kind in "iu" and shape[axis:]:
            keys[i] = k % max(1, shape[axis])
        axis += _axes(k)
    return tuple(keys) if isinstance(key, tuple) else keys[0]


def _axes(key):
    """How many axes one part of an index takes."""
    if key is None or key is Ellipsis:
        return 0
    return key.ndim if getattr(key, "dtype", "") == "bool" else 1


def _wrap(result):
    if isinstance(result, (np.ndarray, np.generic)):
        return ndarray(result)
    return type(result)(map(_wrap, result)) if type(result) in (list, tuple) else result


def _call(function, args, kwargs, unwrap=_unwrap):
    result = function(*map(unwrap, args), **{k: _unwrap(v) for k, v in kwargs.items()})
    for given in (*args, *kwargs.values()):
        if isinstance(given, ndarray) and given._host is result:
            return given  # out=, or handed through: the same object comes back
    return _wrap(result)


def _refuse(name, unknown):
    if unknown:
        raise TypeError(f"{name}: CuPy knows no keyword {', '.join(sorted(unknown))}")


def _lend(function):
    """A function or method of NumPy that takes and gives stand-in arrays."""
    refused = REFUSED - {"where"} if function is np.copyto else REFUSED
    is_verdict = function in (np.allclose, np.array_equal)  # a bool in NumPy, a 0-d array in CuPy

    @functools.wraps(function)
    def lent(*args, **kwargs):
        _refuse(function.__name__, refused & kwargs.keys())
        counts["waits" if function.__name__ in READING else "launches"] += (
            function.__name__ not in VIEWS)
        if _holds_arrays(args[SIZES.get(function.__name__, len(args)):]):
            raise TypeError("'ndarray' object cannot be interpreted as an integer")
        result = _call(function, args, kwargs)
        return ndarray(result) if is_verdict else result
    return lent


class UFunc:
    """An elementwise function of arrays and numbers."""

    def __init__(self, ufunc):
        self._ufunc = ufunc
        self.__name__ = ufunc.__name__

    def __call__(self, *args, **kwargs):
        _refuse(self.__name__, kwargs.keys() - UFUNC_KEYWORDS)
        counts["launches"] += 1
        return _call(self._ufunc, args, {**kwargs, "order": "C"}, _unwrap_operand)

    def at(self, a, indices, b):
        counts["launches"] += 1
        if self.__name__ not in SCATTERED:
            raise NotImplementedError(f"`{self.__name__}.at` is not supported yet")
        if a.dtype.name not in SCATTER_TYPES:
            raise TypeError(f"{self.__name__}.at only supports {', '.join(sorted(SCATTER_TYPES))} "
                            f"as data type; got {a.dtype}")
        self._ufunc.at(_unwrap_operand(a), _unwrap_index(indices, a.shape), _unwrap_operand(b))

    def reduce(self, a, axis=0, dtype=None, out=None, keepdims=False):
        if self.__name__ not in REDUCIBLE:
            raise NotImplementedError(f"`{self.__name__}.reduce` is not supported yet")
        counts["launches"] += 1
        return _call(self._ufunc.reduce, (a, axis, dtype, out, keepdims), {})


# The array

class ndarray:
    """An array of this library: a NumPy array that only `get` lets out."""
    __slots__ = ("_host",)
    __hash__ = None
    __array_priority__ = 100
    __array_ufunc__ = None  # NumPy then leaves `number * a` to a.__rmul__, and refuses numpy.exp(a)

    def __init__(self, host):
        self._host = np.asarray(host)

    def get(self):
        """A copy of the numbers as a NumPy array."""
        counts["waits"] += 1
        return self._host.copy()

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` "
                        "to construct a NumPy array explicitly.")

    def __array_function__(self, function, types, args, kwargs):
        raise TypeError(f"numpy.{function.__name__} was handed an array of another library; "
                        f"call xp.{function.__name__}")

    @property
    def T(self):
        return ndarray(self._host.T)

    @property
    def flags(self):
        return SimpleNamespace(c_contiguous=self._host.flags.c_contiguous,
                               f_contiguous=self._host.flags.f_contiguous,
                               owndata=self._host.flags.owndata)

    def __getitem__(self, key):
        key = _unwrap_index(key, self.shape)
        item = self._host[key]
        if any(isinstance(k, np.ndarray) for k in (key if isinstance(key, tuple) else (key,))):
            counts["launches"] += 1  # slices give a view
        if isinstance(item, np.generic):  # with an Ellipsis, NumPy too gives a view of one element
            item = self._host[(*key, ...) if isinstance(key, tuple) else (key, ...)]
        return ndarray(item)

    def __setitem__(self, key, value):
        counts["launches"] += 1
        self._host[_unwrap_index(key, self.shape)] = _unwrap_operand(value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __len__(self):
        return len(self._host)

    def __bool__(self):
        counts["waits"] += 1
        return bool(self._host)

    def __int__(self):
        counts["waits"] += 1
        return int(self._host)

    def __float__(self):
        counts["waits"] += 1
        return float(self._host)

    def __repr__(self):
        return repr(self._host)

    def __format__(self, spec):
        return format(self._host, spec)


def _defers(other):
    """CuPy's rule for `a * other`: it asks the instance for __array_ufunc__, NumPy the class."""
    if isinstance(other, ndarray):
        return False
    try:
        return other.__array_ufunc__ is None
    except AttributeError:
        return getattr(other, "__array_priority__", 0) > ndarray.__array_priority__


def _operators(ufunc):
    """a * b,  b * a  and  a *= b.  Only the first ever leaves the answer to b."""
    return (lambda a, b: NotImplemented if _defers(b) else ufunc(a, b),
            lambda a, b: ufunc(b, a),
            lambda a, b: ufunc(a, b, out=a))


def _unary(ufunc):
    return lambda a: ufunc(a)


for _name, _ufunc in {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
        "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
        "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}.items():
    _forward, _reflected, _in_place = _operators(UFunc(_ufunc))
    setattr(ndarray, f"__{_name}__", _forward)
    setattr(ndarray, f"__r{_name}__", _reflected)
    if _name != "matmul":  # in CuPy, a @= b makes a new array
        setattr(ndarray, f"__i{_name}__", _in_place)

for _name, _ufunc in {"lt": np.less, "le": np.less_equal, "gt": np.greater,
                      "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal}.items():
    setattr(ndarray, f"__{_name}__", _operators(UFunc(_ufunc))[0])

for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute,
                      "invert": np.invert}.items():
    setattr(ndarray, f"__{_name}__", _unary(UFunc(_ufunc)))

for _name in ATTRIBUTES:
    setattr(ndarray, _name, property(attrgetter(f"_host.{_name}")))

for _name in METHODS.split():
    setattr(ndarray, _name, _lend(getattr(np.ndarray, _name)))


# The module

def array(obj, dtype=None, copy=True, order="K", ndmin=0):
    """Upload, always by copy: the one door through which NumPy arrays and lists come in."""
    here = _holds_arrays(obj)
    host = np.array(_unwrap(obj) if here else obj, dtype=dtype, order=order, ndmin=ndmin,
                    copy=True if copy or not here else None)
    if host.dtype.kind not in "biufc":
        raise ValueError(f"Unsupported dtype {host.dtype}")
    return ndarray(host)


def asarray(a, dtype=None, order="K"):
    """The same, but an array of this library is handed through."""
    result = array(a, dtype, copy=False, order=order)
    return a if isinstance(a, ndarray) and a._host is result._host else result


def take_along_axis(a, indices, axis):
    counts["launches"] += 1
    return ndarray(np.take_along_axis(_unwrap(a), _unwrap(indices) % a.shape[axis], axis))


linalg = SimpleNamespace(norm=_lend(np.linalg.norm))
lib = SimpleNamespace(stride_tricks=SimpleNamespace(
    as_strided=_lend(np.lib.stride_tricks.as_strided),
    sliding_window_view=_lend(np.lib.stride_tricks.sliding_window_view)))


def __getattr__(name):
    """Any other name: a function of NumPy, wrapped; a dtype or a number of NumPy's, as it is."""
    if not name.startswith("_") and name not in ABSENT.split() and hasattr(np, name):
        value = getattr(np, name)
        if isinstance(value, np.ufunc):
            return UFunc(value)
        if isinstance(value, (type, float, type(None))):
            return value
        if callable(value):
            return _lend(value)
    raise AttributeError(f"the stand-in has no {name}: CuPy 13 lacks it, or the engine never "
                         f"needed it")
