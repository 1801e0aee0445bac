"""Game: a GAN on the plane trains, a few steps with each request, and can be stopped at any.

Each request for steps holds all rules, so that what the visitor changes acts at once.
"""
from dataclasses import asdict

import tinygen as tg
from demos.gans.gan_ring import PACE
from demos.gans.mode_collapse import ARMS
from demos.gans.mode_collapse import PRESETS as COLLAPSE
from demos.gans.parts.toys import COUNTED, TOYS
from demos.playground.drawing import PAD_EXAMPLES, answer_pads, strokes
from demos.playground.fields import as_bytes, as_numbers, image, number, one_of, whole, yes_or_no
from demos.playground.room import Room
from demos.playground.rooms.game_players import OPTIMIZERS, Game, Rules, divergence
from models.gan import LOSSES, sample
from tinygen.backend import np, to_numpy, xp
from tinygen.data import STD

ROOM = Room("game", "Game", memory=Game)
REAL = 400  # real points in the picture
TOY = one_of(*TOYS, "drawn")
RULES = {
    "loss": one_of(*LOSSES), "penalty": number(0, 20), "batch": whole(8, 256),
    "pack": whole(1, 4), "spectral_norm": yes_or_no, "optimizer": one_of(*OPTIMIZERS),
    "latents": whole(1, 2),
    "d_steps": whole(0, 5), "d_rate": number(0, 1), "d_layers": whole(1, 4),
    "d_units": whole(2, 128),
    "g_steps": whole(0, 5), "g_rate": number(0, 1), "g_layers": whole(1, 4),
    "g_units": whole(2, 128)}
COMPANY = 63  # images that the digits' discriminator sees beside a drawing: it learnt on 64
answer_pads(ROOM)


def arm(name):
    """The rules of an arm of the demo mode_collapse."""
    rate, found = COLLAPSE["default"]["lr"], asdict(ARMS[name])
    return {rule: found[rule] for rule in found if rule in RULES} | dict(d_rate=rate, g_rate=rate)


RECIPES = {  # name -> what it changes of the defaults
    "Balanced": {},
    "Collapse it": arm("no cure"),
    "Cure: packing": arm("packing"),
    "Cure: critic and penalty": arm("WGAN-GP, critic 5:1"),
    "No slope left": dict(loss="saturating", d_steps=5, g_rate=2e-4),
    "No leash": dict(loss="wasserstein", optimizer="SGD", d_rate=0.02, g_rate=0.02)}


@ROOM.answers()
def about(models, game):
    """What the page offers."""
    return {"rules": asdict(Rules()), "losses": list(LOSSES), "optimizers": list(OPTIMIZERS),
            "recipes": {name: asdict(Rules(**change)) for name, change in RECIPES.items()},
            "batch": {toy: Rules.batch * PACE[toy][0] for toy in TOYS}}


@ROOM.answers(toy=TOY, strokes=strokes, seed=whole(0, 2 ** 31), **RULES)
def begin(models, game, toy, strokes, seed, **rules):
    """A new game. strokes: of the distribution that is drawn."""
    game.begin(Rules(**rules), toy, strokes, seed)
    return data(game) | seen(game)


@ROOM.answers(toy=TOY, strokes=strokes)
def play_on(models, game, toy, strokes):
    """The same game, on other data."""
    game.take_data(toy, strokes)
    return data(game) | seen(game)


@ROOM.answers(most=whole(0, 100), **RULES)
def play(models, game, most, **rules):
    """At most so many steps, the players in turn; fewer if they take long. 0: only look."""
    game.follow(Rules(**rules))
    game.play(most)
    return seen(game)


@ROOM.answers(player=one_of("discriminator", "generator"), **RULES)
def step(models, game, player, **rules):
    """One step of one player, whoever's turn it is."""
    game.follow(Rules(**rules))
    game.step(player)
    return seen(game)


def data(game):
    """What stays as it is from step to step. floor: the divergence between two samples of it."""
    real = [game.sample_data(COUNTED, game.eyes) for _ in range(2)]
    return {"edge": game.edge, "centres": as_numbers(game.centres), "std": STD,
            "real": as_numbers(real[0][:REAL]), "floor": divergence(*real, game.edge)}


def seen(game):
    """The recorder, and the picture unless its numbers are lost."""
    picture = {} if game.over else game.picture()
    if not all(np.isfinite(array).all() for array in picture.values()):
        game.end("what the networks say is not finite")
        picture = {}
    if not game.over:
        game.count()
    return {"steps": game.steps, "last": game.last, "over": bool(game.over),
            "said": game.diagnosis(),
            "picture": {name: as_numbers(array) for name, array in picture.items()},
            "noise": {"fakes": as_numbers(game.z), "grid": as_numbers(game.mesh)},
            "log": {name: as_numbers(np.array(meter.points)) for name, meter in game.log.items()}}


# ---- the digits' discriminator ----

@ROOM.answers(pixels=image(28), seed=whole(0, 1_000_000))
def judge(models, game, pixels, seed):
    """What the digits' discriminator says of an image, and how each pixel would change that.

    Batch norm makes its score depend on the batch. So it sees the image twice, each time with the
    company of a training step: among real images, and among generated ones. The gradient is
    that among real ones.
    """
    gan = models["gan_digits"]
    if game.company_seed != seed:  # the same company as long as one draws
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(models.images.x_test), COMPANY)
        game.company = {"real": models.images.x_test[rows],
                        "generated": to_numpy(sample(gan.generator, COMPANY, rng=rng))}
        game.company_seed = seed
    batches = {name: tg.Tensor(xp.asarray(np.concatenate([pixels, others])))
               for name, others in game.company.items()}
    scores = {name: gan.discriminator(x) for name, x in batches.items()}
    gradient = tg.grad(scores["real"][0], batches["real"])[0, 0]
    return {"yours": {name: found[0].item() for name, found in scores.items()},
            "others": {name: as_numbers(found.data[1:]) for name, found in scores.items()},
            "gradient": as_numbers(gradient)}


@ROOM.sends
def examples(models):
    rules, line = asdict(Rules()), [[0.2, 0.3, 0.8, 0.3, 0.5, 0.9]]
    found = [("about", {}), ("begin", {"toy": "ring", "strokes": [], "seed": 0, **rules}),
             ("play", {"most": 100, **rules}),
             ("step", {"player": "generator", **rules}),
             ("play_on", {"toy": "drawn", "strokes": line}),
             *PAD_EXAMPLES]
    if "gan_digits" in models:
        pixels = as_bytes(models.images.x_test[0])["data"]
        found.append(("judge", {"pixels": pixels, "seed": 0}))
    return found
