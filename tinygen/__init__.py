"""tinygen: a deep learning engine in NumPy, to read, to prove and to train generative models with."""
from tinygen import ops
from tinygen.backend import backend_name, to_numpy, use_backend, xp
from tinygen.check import check_gradients, check_model_gradients
from tinygen.ops import *  # noqa: F403
from tinygen.tensor import Tensor, detect_nan, grad, no_grad, op

__version__ = "0.1.0"
