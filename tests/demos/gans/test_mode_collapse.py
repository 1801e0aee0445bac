"""The arms of mode_collapse train as they say, and their results are told in numbers and a word."""
from demos.gans import mode_collapse
from demos.gans.parts.mode_collapse_figures import in_numbers
from demos.gans.parts.steps import discriminator_step, generator_step
from tinygen.backend import np


def test_the_arms_take_their_steps(tmp_path, monkeypatch):
    """With as many packs as single examples, the arm's learning rates, and D with its settings."""
    taken, judged, rates = [], [], []

    def counted(step):
        def counting(generator, discriminator, *args, **kwargs):
            taken.append(step.__name__)
            rates.append(args[0].lr)
            if step is discriminator_step:
                x, config = args[2], discriminator.config
                judged.append((len(x), config.pack, config.minibatch_features, kwargs["penalty"]))
            return step(generator, discriminator, *args, **kwargs)
        return counting

    for step in (discriminator_step, generator_step):
        monkeypatch.setattr(mode_collapse, step.__name__, counted(step))
    arms = {"no cure": mode_collapse.Arm(), "packing": mode_collapse.Arm(pack=4),
            "fast discriminator": mode_collapse.Arm(g_rate=0.5, d_rate=2, minibatch_features=3),
            "penalty": mode_collapse.Arm(loss="wasserstein", penalty=0.5)}
    monkeypatch.setattr(mode_collapse, "ARMS", arms)
    argv = "--preset smoke --steps 1 --batch 8 --lr 0.01 --out".split()
    assert mode_collapse.main([*argv, str(tmp_path)]) == 0
    assert taken == 4 * (["discriminator_step"] + 5 * ["generator_step"])
    assert judged == [(8, 1, 0, 0), (32, 4, 0, 0), (8, 1, 3, 0), (8, 1, 0, 0.5)]
    assert rates == 12 * [0.01] + [0.02] + 5 * [0.005] + 6 * [0.01]


def test_results_are_described_in_numbers_and_a_word():
    centres, std = mode_collapse.CENTRES, 0.05
    escaped = mode_collapse.describe(np.full((10, 2), 9.0))
    assert (escaped.word, in_numbers(escaped)) == ("escaped", "0 modes, 0%")
    beside = centres[0] + std * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    collapsed = mode_collapse.describe(np.concatenate([beside, [[9, 9]]]))
    assert collapsed.word == "collapsed"
    assert in_numbers(collapsed) == "1 mode, 80%, spread 0.84"
    assert mode_collapse.describe(centres).word == "covers"
