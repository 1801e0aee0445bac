"""12 train step   ★   20 minutes

    loss = mean of (model(noisy) - clean)²           over all numbers
    θ ← one step of the optimizer by the gradient of this loss alone

    train_step(model, optimizer, clean, noisy)    clean and noisy (N, ...), arrays -> the loss

Given: model(x), which maps images (N, ...) to images of that shape, tg.mse(x, t), the mean of
(x - t)², and an optimizer that holds the model's parameters. A parameter keeps its gradient in
.grad: loss.backward() adds to it, optimizer.zero_grad() clears it, and optimizer.step() moves the
parameter by it. To write: train_step, which takes one step and returns the loss from before that
step. The model has to learn to make the clean image from the noisy one.
Not allowed: models.autoencoder.loss.

By hand: a model with one weight, model(x) = w·x, w = 1, sees noisy = 2 where clean is 1. The loss
is (2 - 1)² = 1, its gradient by w is 2·(2 - 1)·2 = 4, and with a learning rate of 1/8 w becomes
1 - 4/8 = 1/2. On the same images a second step finds the loss 0 and the gradient 0; w stays 1/2.

    python -m demos exercises check 12
"""
import tinygen as tg


def train_step(model, optimizer, clean, noisy):
    # ---- answer
    loss = tg.mse(model(noisy), clean)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
    # ---- end
