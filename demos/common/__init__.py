"""What every demo shares: options, progress, checkpoints, figures, results. Not the loop.

    PRESETS = {"smoke": dict(steps=20), "default": dict(steps=600, code=16, lr=1e-3)}

    @demo(PRESETS, data=("digits", "mnist-10k"))
    def main(run):
        model = Autoencoder(run.settings.code, rng=run.rng)
        optimizer = tg.optim.Adam(model.parameters(), lr=run.settings.lr)
        for step in run.steps(model=model, optimizer=optimizer):
            ...                                       # forward, zero, backward, step: in the open
            run.log(loss=loss)
        run.save_figure(image_grid(samples), "samples", "What the figure shows.")
        run.save_animation(frames, "growth", "What moves in it.")
        run.measure("test MSE", error, at_most=0.03, baseline=("PCA", 0.04))

    if __name__ == "__main__":
        sys.exit(main())

Beside it, for those who need them: `codes` has PCA and passes over whole data sets, `nearest` the
search for neighbours, `classifier` a judge of what is drawn, `elbo` the measures of a VAE and
`vae_figures` its pictures, `adversarial` the two steps of a GAN, `toys` its pictures on the plane,
`modes` the count of what it covers, `flight` its flight recorder, with a figure and a diagnosis,
`heads` what attention looks at. What a loop collects for later goes to its `Snapshots`, which a
checkpoint keeps. A demo with OWN_FILE among its data takes images from a file of the user's, which
may be of other sizes and classes, and passes them to `check_images`; one with OWN_TEXT takes any
text, which `texts` cuts into tokens.
"""
from demos.common.figures import (
    PALETTE,
    image_grid,
    image_panels,
    image_rows,
    new_figure,
    show_sheet,
    tile,
)
from demos.common.images import check_images
from demos.common.options import OWN_FILE, OWN_TEXT, check_positive
from demos.common.resume import Snapshots, epoch_batch
from demos.common.run import demo

__all__ = ["OWN_FILE", "OWN_TEXT", "PALETTE", "Snapshots", "check_images", "check_positive", "demo",
           "epoch_batch", "image_grid", "image_panels", "image_rows", "new_figure", "show_sheet",
           "tile"]
