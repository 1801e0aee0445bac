"""Optimisers, learning-rate schedules and gradient clipping, all visible in the training loop:

    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(steps):
        optimizer.lr = 1e-3 * optim.warmup_cosine(step, warmup=100, total=steps)
        loss = ...
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
"""
from tinygen.optim.optimizer import Optimizer
from tinygen.optim.rules import SGD, Adam, AdamW, RMSprop
from tinygen.optim.schedules import clip_grad_norm, step_decay, warmup_cosine
