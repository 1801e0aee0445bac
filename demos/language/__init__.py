"""Language models: from counted pairs of characters to GPT-2."""
