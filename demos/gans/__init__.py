"""Generative adversarial networks: two players, and how their game goes wrong."""
