"""Generative models, each in one file: a config, the model, its loss and its sampling."""
