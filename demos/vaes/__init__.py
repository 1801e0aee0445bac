"""Variational autoencoders: a code that can be sampled."""
