"""The map of what trains: a GAN on the ring for every pair of learning rates.

Much of deep learning is trial and error, and nowhere more so than here: two networks learn against
each other, each at its own rate, and the result depends on both. A discriminator that is too slow
gives directions that are long out of date, and the generator runs off with them; a generator that
is too fast overshoots; if both are slow, they are still on their way when time is up. So try them
all: one short run for each cell of a grid, from the same weights, and count the modes that come
out.

    python -m demos hyperparameters                    3 min on two cores
    python -m demos hyperparameters --preset long      longer runs, a finer grid: an hour or more

A cell trains if its samples cover at least 7 of the 8 modes and 40 % of them are of high quality.
The flight recorder's diagnosis is added to each cell in one word.

Expect a third of the map to train with the non-saturating loss: 5 cells of 16, the same 5 with
seeds 0 and 1, all with a discriminator at least as fast as the generator; cells below the diagonal
find at most one mode. The corner with the slowest generator and the fastest discriminator has 97 %
high-quality samples on a single mode. That share alone says little, and so the colour of a cell is
its share of the modes times its share of high-quality samples. The Wasserstein loss trains no cell
by this standard, in 1,000 steps of the generator with one step of the critic to each: most cells
above the diagonal find all 8 modes, but reach at most 36 % high quality. It fails less often, and
is slower. The longer runs of gan_ring reach what is missing here.

The losses are those of models.gan; wasserstein has a gradient penalty. Lucic et al., Are GANs
created equal? (2018), make the search itself the subject: given enough of it, most losses perform
alike.
"""
import csv
import io
import itertools
import math
from dataclasses import dataclass

from demos.common.options import check_positive
from demos.common.run import demo
from demos.gans.parts.flight import diagnose
from demos.gans.parts.hyperparameters_figures import plot_rates, plot_samples, plot_turns
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import sample_points
from models.gan import LOSSES, Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen.backend import np, to_numpy, xp
from tinygen.data import RING_CENTRES, ring
from tinygen.files import replacing
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=4, lrs=(2e-3, 8e-3), batch=16, seeds=1, turns=(1, 4)),
    "default": dict(steps=1000, lrs=(5e-4, 2e-3, 8e-3, 3e-2), batch=128, seeds=2, turns=(1, 2, 4),
                    losses=("non-saturating", "wasserstein")),
    "long": dict(steps=3000, lrs=(2e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3e-2), seeds=3),
}
MODES_FROM, QUALITY_FROM = 7, 0.4  # from which a cell trains
TURNS_LRS = 4e-3, 8e-3  # learning rates of G and of D while their turns vary
PENALTY = 0.1           # weight of the gradient penalty of the wasserstein loss
LOOKS = 20              # times that a cell counts its modes


@dataclass(frozen=True)
class Cell:
    """The settings of one run. d_steps, g_steps: steps of each player in a round."""
    loss: str
    seed: int
    g_lr: float
    d_lr: float
    d_steps: int = 1
    g_steps: int = 1


class Outcomes:
    """The outcomes of the cells so far, in their order; part of the checkpoint.

    steps: of each cell. Loading raises ValueError if the checkpoint's cells have another number.
    """

    def __init__(self, steps):
        self.steps, self.rows = steps, []

    def state_dict(self):
        return {"steps": self.steps, "rows": list(self.rows)}

    def load_state_dict(self, state):
        if state["steps"] != self.steps:
            raise ValueError(f"--resume: this run's cells have {state['steps']} steps, not "
                             f"{self.steps}; give the same --steps, or leave out --resume")
        self.rows = list(state["rows"])


@demo(PRESETS, loops=lambda cfg: [cfg.steps * cfg.seeds * len(cfg.losses) * len(cfg.lrs) ** 2])
def main(run):
    cfg = run.settings
    check_settings(cfg)
    plan = plan_maps(cfg, run.seed)
    cells = list(itertools.chain(*plan.values()))
    outcomes = Outcomes(cfg.steps)
    for number in run.steps("cells", total=len(cells), outcomes=outcomes):
        outcome = train(cells[number], cfg.steps, cfg.batch)
        outcomes.rows.append(outcome)
        run.log(modes=outcome["modes"], quality=outcome["quality"])
    write_table(run.out / "cells.csv", cells, outcomes.rows)
    rows = iter(outcomes.rows)
    maps = {name: list(itertools.islice(rows, len(plan[name]))) for name in plan}
    measure(run, plan, maps)
    show(run, maps)


def train(cell, steps, batch):
    """Train one GAN on the ring, from the cell's seed.

    -> modes covered, share of high quality, the flight recorder's diagnosis, samples. Divergence is
    an outcome like any other: a value that is not finite ends the run without an error.
    """
    rng = np.random.default_rng(cell.seed)  # the same weights in all cells of a map
    config = Config(latent_size=2, shape=(2,))
    generator = MLPGenerator(config, (64, 64, 64), rng=rng)
    discriminator = MLPDiscriminator(config, (64, 64), rng=rng)
    g_optimizer = Adam(generator.parameters(), lr=cell.g_lr, betas=(0.5, 0.9))
    d_optimizer = Adam(discriminator.parameters(), lr=cell.d_lr, betas=(0.5, 0.9))
    d_loss, g_loss = LOSSES[cell.loss]
    penalty = PENALTY if cell.loss == "wasserstein" else 0
    history = {}
    # The same number of steps in all, whoever takes them: cells differ in settings, not in effort.
    rounds = max(1, round(2 * steps / (cell.d_steps + cell.g_steps)))
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(rounds):
            rate = warmup_cosine(step, warmup=0, total=rounds)
            g_optimizer.lr, d_optimizer.lr = cell.g_lr * rate, cell.d_lr * rate
            for _ in range(cell.d_steps):
                x, z = xp.asarray(ring(batch, rng)), noise(batch, config.latent_size, rng=rng)
                d_meters = discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z,
                                              penalty=penalty, rng=rng)
            for _ in range(cell.g_steps):
                z = noise(batch, config.latent_size, rng=rng)
                g_meters = generator_step(generator, discriminator, g_optimizer, g_loss, z)
            if not log(history, step, **d_meters, **g_meters):
                break
            if (step + 1) % max(1, rounds // LOOKS) == 0:
                modes, quality = covered(sample_points(generator, rng), RING_CENTRES)
                log(history, step, modes=modes, quality=quality)
        points = sample_points(generator, rng)
    modes, quality = covered(points, RING_CENTRES)
    said = diagnose(history, modes=len(RING_CENTRES), probabilities=cell.loss != "wasserstein")
    return {"modes": modes, "quality": quality, "said": said, "points": points}


def measure(run, plan, maps):
    """How many cells train, and how far seeds agree."""
    cfg, first = run.settings, run.settings.losses[0]
    rates = {name: outcomes for name, outcomes in maps.items() if name != "turns"}
    for (loss, seed), outcomes in rates.items():
        # A map where all cells or none train teaches nothing.
        limits = dict(at_least=1, at_most=len(outcomes) / 2) if loss == first else {}
        run.measure(f"{loss}, seed {seed}: cells of {len(outcomes)} that train",
                    sum(map(trains, outcomes)), **limits)
    for loss in cfg.losses if cfg.seeds > 1 else ():
        kinds = zip(*[map(trains, outcomes) for name, outcomes in rates.items() if name[0] == loss])
        run.measure(f"{loss}: cells that train with one seed and not with another",
                    sum(len(set(kind)) > 1 for kind in kinds))
    slower = [outcome["modes"] for name in rates if name[0] == first
              for cell, outcome in zip(plan[name], rates[name]) if cell.d_lr < cell.g_lr]
    if slower:  # a single rate has none
        run.measure(f"{first}: modes where D is the slower one, median", np.median(slower),
                    at_most=2)


def show(run, maps):
    """The maps of the learning rates and their samples, then the map of the turns."""
    cfg = run.settings
    rates = {name: outcomes for name, outcomes in maps.items() if name != "turns"}
    run.save_figure(plot_rates(rates, cfg, trains, verdict), "rates", (
        "Each cell is a GAN trained on the ring: modes covered of 8, share of high-quality samples "
        "and the flight recorder's diagnosis. The colour is the share of modes times the share of "
        "high-quality samples: one mode alone is worth an eighth at most. Collapsed: few modes. "
        "Escaped: few, and most samples outside all of them. A frame marks the cells that train: "
        f"{MODES_FROM} modes or more, at least {QUALITY_FROM:.0%} of high quality. Below the "
        "diagonal (from bottom left to top right) D is the slower one. Compare the seeds before "
        "you believe a single cell: the numbers vary, the large regions stay."))
    for loss in cfg.losses:
        run.save_figure(plot_samples(rates[loss, run.seed], cfg, trains),
                        f"samples-{loss.replace(' ', '-')}", (
            f"Samples of the cells of {loss}, seed {run.seed}. Blue ones are of high quality, "
            "orange ones are not. Behind one share of high quality there may be a run that is "
            "still on its way or one that was thrown off course, and both are called healthy: the "
            "recorder looks for failures, not for good samples."))
    run.save_figure(plot_turns(maps["turns"], cfg, trains, verdict), "turns", (
        f"The same learning rates ({TURNS_LRS[0]:g} for G, {TURNS_LRS[1]:g} for D) and number of "
        "steps, taken in turns of different lengths. More steps for D cost time and little else; "
        "with more for G, it learns to please a discriminator that has no time to answer."))


def plan_maps(cfg, seed):
    """The cells of each map, row by row from the bottom: (loss, seed) or "turns" -> cells."""
    plan = {(loss, s): [Cell(loss, s, g_lr, d_lr) for d_lr in cfg.lrs for g_lr in cfg.lrs]
            for loss in cfg.losses for s in range(seed, seed + cfg.seeds)}
    plan["turns"] = [Cell(cfg.losses[0], seed, *TURNS_LRS, d_steps, g_steps)
                     for d_steps in cfg.turns for g_steps in cfg.turns]
    return plan


def log(history, step, **metrics):
    """Add this step's metrics to the history -> whether all are finite.

    Unlike run.log, which ends the demo at the first that is not: here only one cell ends.
    """
    values = {name: float(to_numpy(value)) for name, value in metrics.items()}
    for name, value in values.items():
        history.setdefault(name, []).append((step, value))
    return bool(np.isfinite(list(values.values())).all())


def trains(outcome):
    return outcome["modes"] >= MODES_FROM and outcome["quality"] >= QUALITY_FROM


def verdict(outcome):
    """The flight recorder's diagnosis in a word, such as healthy or collapsed."""
    return outcome["said"].partition(":")[0].lower()


def write_table(path, cells, outcomes):
    """Write all cells to a CSV file, a row each, for a spreadsheet or maps of your own."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*vars(cells[0]), "modes", "quality", "trains", "verdict"])
    for cell, outcome in zip(cells, outcomes, strict=True):
        rows.writerow([*vars(cell).values(), outcome["modes"], f"{outcome['quality']:.4f}",
                       int(trains(outcome)), verdict(outcome)])
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def check_settings(cfg):
    unknown = [loss for loss in cfg.losses if loss not in LOSSES]
    if unknown:
        raise ValueError(f"--losses are among {', '.join(LOSSES)}; got {', '.join(unknown)}")
    check_positive(cfg, "seeds", "batch")
    if min(cfg.turns) < 1 or not all(0 < lr < math.inf for lr in cfg.lrs):
        raise ValueError("--turns are at least 1, and --lrs above 0 and finite; got "
                         f"{' '.join(map(str, cfg.turns))} and {' '.join(map(str, cfg.lrs))}")
