"""Generative adversarial networks: a game of two players, and how it goes wrong."""
