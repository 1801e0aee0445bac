"""Speed: milliseconds and memory of a training step, beside PyTorch's."""
