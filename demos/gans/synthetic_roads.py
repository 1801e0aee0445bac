"""Can generated scenes stand in for real ones? A network learns to steer from a GAN's road scenes.

Real scenes are scarce: small pictures of a road, each with the curvature of the bend ahead. A GAN
trained on them generates scene and curvature together, as many as you like. Networks that read the
curvature off a scene are trained on the few real scenes, on generated ones and on both, and tested
on the same new scenes. A last one learns from thousands of real scenes, which the others lack.

    python -m demos synthetic_roads                20 s on two cores

Expect, over three seeds, a steering error (the curvature's root mean square error) of 0.19 to 0.20
from 300 scenes, 0.30 to 0.36 from generated ones, 0.21 to 0.22 from both, and 0.17 from 5,000
scenes; a network that always says the mean would reach 0.58. A GAN knows nothing but the scenes
that it was trained on, and passes on only part of that. More real scenes help more, if you can get
them.

After Esteban, Hyland and Rätsch, Real-valued medical time series generation with recurrent
conditional GANs (2017): train on synthetic, test on real.
"""
import tinygen as tg
from demos.common.figures import PALETTE, new_figure, tile
from demos.common.options import check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.gans.parts.flight import diagnose
from demos.gans.parts.flight_figures import plot_flight
from demos.gans.parts.roads import SCENE, road_scenes, with_curvature, without_curvature
from demos.gans.parts.sampling import sample_many
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.tools.codes import in_batches
from models.gan import LOSSES, Config, DCGenerator, MLPDiscriminator
from models.parts import dense, noise
from tinygen import nn
from tinygen.backend import np, xp
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=10, network_steps=10),
    "default": dict(steps=1500, batch=64, lr=2e-3, latents=32, scenes=300, network_steps=1000),
    "long": dict(steps=6000),
}
BETAS = 0.5, 0.999   # of the GAN's Adam: the opponent changes, so old gradients count less
D_RATE = 0.5         # the discriminator learns at half the rate, or it gets too far ahead
MANY = 5000          # scenes, generated or real, where they are not scarce
TESTED = 2000        # new scenes that the networks are tested on
NETWORK_LR = 2e-3
COLUMNS = 11         # of the figure of scenes, which has three rows
SHOWN = 3 * COLUMNS


@demo(PRESETS, loops=lambda cfg: [cfg.steps, *4 * [cfg.network_steps]])
def main(run):
    cfg = run.settings
    check_settings(cfg)
    few, many, test = (road_scenes(count, run.rng) for count in (cfg.scenes, MANY, TESTED))
    generator = train_gan(run, with_curvature(*few))
    generated = without_curvature(sample_many(generator, MANY, rng=run.rng))

    repeats = -(-MANY // cfg.scenes)  # so that real scenes make up half of "both"
    both = [np.concatenate([*[real] * repeats, made]) for real, made in zip(few, generated)]
    taught = {f"{cfg.scenes} scenes": few, "generated scenes": generated, "both": both,
              f"{MANY} scenes": many}
    read = {name: in_batches(train_network(run, f"network, {name}", x, y), test[0])
            for name, (x, y) in taught.items()}
    measure(run, read, few[1], test[1])
    show(run, few, generated, read, test[1])


def train_gan(run, sheets):
    """A GAN of scenes with their curvature, so that each sample comes with its label.

    sheets: as `with_curvature` makes them. Returns the generator.
    """
    cfg = run.settings
    config = Config(cfg.latents, sheets.shape[1:])
    generator = DCGenerator(config, (32, 16), rng=run.rng)
    discriminator = MLPDiscriminator(config, (256, 128), rng=run.rng)
    g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=BETAS)
    d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=BETAS)
    d_loss, g_loss = LOSSES["non-saturating"]
    for step in run.steps("GAN", generator=generator, discriminator=discriminator,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer):
        rate = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        g_optimizer.lr, d_optimizer.lr = rate, D_RATE * rate
        x = xp.asarray(sheets[epoch_batch(step, cfg.batch, len(sheets), run.seed)])
        z = noise(len(x), cfg.latents, rng=run.rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
        z = noise(len(x), cfg.latents, rng=run.rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))
    return generator


def train_network(run, loop, x, y):
    """A small network that reads the curvature y (N,) off scenes x (N, *SCENE)."""
    cfg = run.settings
    model = nn.Sequential(nn.Flatten(), *dense([int(np.prod(SCENE)), 128], run.rng),
                          nn.Linear(128, 1, rng=run.rng), nn.Flatten(0))
    optimizer = Adam(model.parameters(), lr=NETWORK_LR)
    for step in run.steps(loop, total=cfg.network_steps, model=model, optimizer=optimizer):
        rows = epoch_batch(step, cfg.batch, len(x), run.seed)
        optimizer.lr = NETWORK_LR * warmup_cosine(step, warmup=0, total=cfg.network_steps)
        loss = tg.mse(model(xp.asarray(x[rows])), xp.asarray(y[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
    return model


def measure(run, read, seen, true):
    """The steering errors.  read: name -> curvature read (N,). seen: the few's. true: (N,)"""
    few, many = f"{run.settings.scenes} scenes", f"{MANY} scenes"
    error = {name: rmse(curvature, true) for name, curvature in read.items()}
    mean = "always the mean", rmse(np.full_like(true, seen.mean()), true)
    run.measure(f"steering error, {few}", error[few], at_most=0.25, baseline=mean)
    run.measure("steering error, generated scenes", error["generated scenes"], at_most=0.45,
                baseline=mean)
    run.measure("steering error, both", error["both"], at_most=0.25, baseline=(few, error[few]))
    run.measure(f"steering error, {many}", error[many], at_most=0.2, baseline=(few, error[few]))


def show(run, few, generated, read, true):
    run.save_figure(plot_roads(few, generated), "roads", (
        "Scenes from a hard left bend to a hard right one. Above, real scenes, rendered by a "
        "formula; below, generated ones, each with the curvature that the GAN made up for it."))
    run.save_figure(plot_steering(read, true), "steering", (
        "The curvature that each network reads off the same new scenes, against the true one. The "
        "number is the error; on the line there would be none."))
    history = run.history["GAN"]
    run.save_figure(plot_flight(history), "flight", diagnose(history))


def plot_roads(few, generated):
    """Scenes of both kinds in three rows, from the hardest left bend to the hardest right one."""
    figure, panels = new_figure(2, width=9.5, height=5.6)
    for axes, title, (x, y) in zip(panels, ("Real", "Generated"), (few, generated)):
        columns = y[:SHOWN].argsort().reshape(COLUMNS, 3)  # the first ones, not hand-picked
        x = np.repeat(x[columns.T.ravel()], 3, axis=1)  # grey as red, green and blue: 1 is white
        axes.imshow(tile(x, COLUMNS, gap=1), aspect="auto")
        width = x.shape[3] + 1
        axes.set_xticks(width * np.arange(COLUMNS) + width / 2,
                        [f"{y[column].mean():+.2f}" for column in columns])
        axes.set_yticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.set_title(title)
    panels[-1].set_xlabel("curvature, mean of the column")
    return figure


def plot_steering(read, true):
    """What each network reads against the truth.  read: name -> (N,). true: (N,)"""
    figure, panels = new_figure(1, len(read), width=11, height=3.2, sharex=True, sharey=True)
    for axes, (name, curvature), colour in zip(panels, read.items(), PALETTE):
        axes.scatter(true, curvature, s=3, color=colour, linewidths=0, alpha=0.6)
        axes.plot([-1, 1], [-1, 1], color="#222222", linewidth=1)
        axes.set(title=f"{name}: {rmse(curvature, true):.3f}", xlabel="true curvature",
                 xlim=(-1.1, 1.1), ylim=(-1.5, 1.5))
    panels[0].set_ylabel("curvature read")
    return figure


def rmse(read, true):
    return float(np.sqrt(((read - true) ** 2).mean()))


def check_settings(cfg):
    check_positive(cfg, "batch", "lr", "network_steps")
    least = max(cfg.batch, SHOWN)
    if not least <= cfg.scenes <= MANY:
        raise ValueError(f"--scenes is from {least} to {MANY}; got {cfg.scenes}")
