"""Autoencoders: a narrow code in the middle, and what it is good for."""
