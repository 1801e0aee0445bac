"""What every demo uses: options, progress, checkpoints, figures, results. Not the loop.

The skeleton that all demos share, in demos/<family>/<name>.py:

    PRESETS = {"smoke": dict(steps=20), "default": dict(steps=600, code=16, lr=1e-3)}

    @demo(PRESETS, data=("digits", "mnist-10k"))
    def main(run):
        cfg, images = run.settings, load_images(run.data)
        check_settings(cfg, images)
        model = Autoencoder(cfg.code, rng=run.rng)
        optimizer = Adam(model.parameters(), lr=cfg.lr)
        for step in run.steps(model=model, optimizer=optimizer):
            ...                                       # forward, zero, backward, step: in the open
            run.log(loss=loss)
        measure(run, model, images)
        show(run, model, images)

    def measure(run, model, images):
        run.measure("test MSE", error, at_most=0.03, baseline=("PCA", 0.04))

    def show(run, model, images):
        run.save_figure(plot_samples(samples), "samples", "What the figure shows.")
        run.save_animation(frames, "growth", "What moves in it.")

    @sampler(main, count=80)                          # --sample --count 80, for generative models
    def sample(run):                                  # that main saved with run.save_model(model)
        ...

    def plot_samples(samples): ...                    # in parts/ when it is long

    def check_settings(cfg, images): ...              # ValueError: the rule, what came

Where several models go through one loop, main calls train(run, ...), which holds it, and @demo is
told of all loops: `loops=lambda cfg: len(CODE_SIZES) * [cfg.steps]`. Other helpers come last. A
demo's docstring begins with its title, in one line; its other paragraphs are what the run's page
says about it. `python -m demos.common.times NAME`, on an idle machine, times it.

run         @demo, and the run that main gets
options     the command line
sampling    --sample, from what a run trained
clock       how long the run takes (times measures it), and progress, the line that says so
resume      checkpoints, Ctrl-C, batches by epoch, snapshots for animations
outputs     the files that a run saves, and results, measured beside expected
report      the page about a run, and about the tour
figures     the style of the figures, and sheets of images
animation   GIFs
catalogue   the demos, by family
tour        several demos in a row
"""
