"""What the settings of data, check and study are if you leave them out.

Those of ops, nn and optim, which are NumPy's and PyTorch's, stand in their own tests.
"""
from tests.helpers import defaults
from tinygen import check, data, study


def test_defaults_are_these():
    assert defaults(check, data, study) == {
        "check_gradients": {"order": 2, "tolerance": 1e-6, "samples": 64},
        "check_model_gradients": {"order": 2, "tolerance": 1e-6, "samples": 16},
        "batches": {"drop_last": False},
        "load_images": {"name": "digits"},
        "load_text": {"name": "pydoc"},
        "split_tokens": {"share": 0.1},
        "backward_steps": {"differences": True},
    }
