"""What a training step of each network is: forward, zero, backward, Adam.

Each function here returns a `trainer(lib, *modules)`, which makes a batch and an optimizer and
returns the step: a function that trains the modules once and returns the loss. `lib` is the module
tinygen_side or torch_side.
"""
from tinygen.backend import np


def regression(batch, inputs, outputs):
    """Trains one model towards random targets, by mean squared error."""
    def trainer(lib, model):
        x, target = random_arrays(lib, (batch, *inputs), (batch, *outputs))
        optimizer = lib.Adam(model.parameters(), lr=1e-3)

        def step():
            loss = lib.mse(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()
        return step
    return trainer


def elbo(batch):
    """Trains a VAE: reconstruction and KL in nats per image; the noise is fixed."""
    def trainer(lib, encoder, to_mean, to_logvar, decoder):
        x, noise = random_arrays(lib, (batch, 1, 28, 28), (batch, 20))
        modules = encoder, to_mean, to_logvar, decoder
        optimizer = lib.Adam([p for module in modules for p in module.parameters()], lr=1e-3)

        def step():
            h = encoder(x)
            mean, logvar = to_mean(h), to_logvar(h)
            logits = decoder(mean + lib.exp(0.5 * logvar) * noise)
            loss = (lib.bce(logits, x, reduction="sum") + lib.kl(mean, logvar).sum()) / batch
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()
        return step
    return trainer


def adversarial(batch):
    """Trains a GAN: a step of the critic and one of the generator."""
    def trainer(lib, generator, critic):
        real, z = random_arrays(lib, (batch, 1, 28, 28), (batch, 64))
        ones, zeros = [lib.array(np.full((batch, 1), v, np.float32)) for v in (1, 0)]
        adam = dict(lr=2e-4, betas=(0.5, 0.999))
        generator_parameters = list(generator.parameters())
        generator_optimizer = lib.Adam(generator_parameters, **adam)
        critic_optimizer = lib.Adam(critic.parameters(), **adam)

        def step():
            fake = generator(z)
            critic_loss = lib.bce(critic(real), ones) + lib.bce(critic(fake.detach()), zeros)
            critic_optimizer.zero_grad()
            critic_loss.backward()
            critic_optimizer.step()

            loss = lib.bce(critic(fake), ones)
            generator_optimizer.zero_grad()
            loss.backward(inputs=generator_parameters)  # none of the critic's
            generator_optimizer.step()
            return critic_loss.item() + loss.item()
        return step
    return trainer


def next_token(batch, config):
    """Trains a GPT on random text, with clipped gradients and AdamW."""
    def trainer(lib, model):
        text = np.random.default_rng(1).integers(config.vocab_size,
                                                 size=(2, batch, config.block_size))
        ids, targets = map(lib.array, text)
        parameters = list(model.parameters())
        optimizer = lib.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)

        def step():
            loss = lib.cross_entropy(model(ids), targets)
            optimizer.zero_grad()
            loss.backward()
            lib.clip(parameters, 1.0)
            optimizer.step()
            return loss.item()
        return step
    return trainer


def writing(count):
    """No training: a step writes `count` tokens, with a cache, and returns their sum."""
    def trainer(lib, model):
        start = lib.array(np.zeros((1, 1), np.int64))
        return lambda: float(lib.generate(model, start, count).sum())
    return trainer


def random_arrays(lib, *shapes):
    """For each shape an array of numbers from 0 to 1, the same in both libraries."""
    rng = np.random.default_rng(1)
    return [lib.array(rng.random(shape, dtype=np.float32)) for shape in shapes]
