"""The arms of mode_collapse train as they say."""

from demos.gans import mode_collapse
from demos.gans.parts.steps import discriminator_step, generator_step


def test_the_arms_take_their_steps(tmp_path, monkeypatch):
    """With as many packs as single examples, and D with the arm's settings."""
    taken, judged = [], []

    def counted(step):
        def counting(generator, discriminator, *args, **kwargs):
            taken.append(step.__name__)
            if step is discriminator_step:
                x, config = args[2], discriminator.config
                judged.append((len(x), config.pack, config.minibatch_features, kwargs["penalty"]))
            return step(generator, discriminator, *args, **kwargs)
        return counting

    for step in (discriminator_step, generator_step):
        monkeypatch.setattr(mode_collapse, step.__name__, counted(step))
    arms = {"no cure": mode_collapse.Arm(), "packing": mode_collapse.Arm(pack=4),
            "features": mode_collapse.Arm(minibatch_features=3),
            "penalty": mode_collapse.Arm(loss="wasserstein", penalty=0.5)}
    monkeypatch.setattr(mode_collapse, "ARMS", arms)
    argv = "--preset smoke --steps 1 --batch 8 --out".split()
    assert mode_collapse.main([*argv, str(tmp_path)]) == 0
    assert taken == 4 * (["discriminator_step"] + 5 * ["generator_step"])
    assert judged == [(8, 1, 0, 0), (32, 4, 0, 0), (8, 1, 3, 0), (8, 1, 0, 0.5)]
