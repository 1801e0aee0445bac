"""Animations: frames, as arrays or figures, to a small GIF. Pillow and matplotlib are imported at
first use.
"""
import io

from demos.common.figures import pyplot
from tinygen.backend import np

LAST_FRAME_SECONDS = 1.5  # to look at the result before it starts again
COLOURS = 64  # in the palette that all frames share; more take space for no visible gain
SAMPLED = 12  # frames that the palette is made from


def write_gif(file, frames, seconds=0.1, enlarge=1):
    """Write `frames` to a binary file as a GIF that loops, each shown for `seconds`.

    frames: arrays (height, width, 3) with values from 0 to 1, such as `tile` makes, or matplotlib
    figures, which are closed once drawn. enlarge: each pixel becomes a square of that side, for
    small images. Raises ValueError unless there are frames, all of one size, seconds is at least
    0.02 and enlarge at least 1.
    """
    from PIL import Image
    if seconds < 0.02:
        raise ValueError(f"save_animation: seconds is at least 0.02, the fastest that browsers "
                         f"show; got {seconds}")
    if not isinstance(enlarge, int) or enlarge < 1:
        raise ValueError(f"save_animation: enlarge is a whole number from 1; got {enlarge!r}")
    pictures = [_pixels(frame) for frame in frames]
    if not pictures:
        raise ValueError("save_animation: there are no frames; give at least one")
    sizes = list(dict.fromkeys(picture.shape[1::-1] for picture in pictures))
    if len(sizes) > 1:
        raise ValueError("save_animation: all frames have one size; got " +
                         ", ".join(f"{width} x {height}" for width, height in sizes[:3]))
    palette = _shared_palette(pictures)
    width, height = sizes[0]
    images = [Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
              .resize((width * enlarge, height * enlarge), Image.Resampling.NEAREST)
              for picture in pictures]
    # No `optimize`: it gives each frame a palette of its own, which makes the file larger.
    durations = [round(1000 * seconds)] * (len(images) - 1) + [round(1000 * LAST_FRAME_SECONDS)]
    images[0].save(file, format="GIF", save_all=True, append_images=images[1:], loop=0,
                   duration=durations)


def _shared_palette(pictures):
    """A palette image of the commonest colours, and of exact white, for the paper."""
    from PIL import Image
    chosen = np.unique(np.linspace(0, len(pictures) - 1, SAMPLED).round().astype(int))
    common = Image.fromarray(np.concatenate([pictures[i] for i in chosen])).quantize(COLOURS - 1)
    common = np.reshape(common.getpalette(), (-1, 3))[:COLOURS - 1]
    common = common[common.min(axis=1) < 248]  # none so light that Pillow takes it for white
    palette = Image.new("P", (1, 1))
    palette.putpalette([255, 255, 255, *common.ravel().tolist()])
    return palette


def _pixels(frame):
    """A frame as bytes.  (height, width, 3) from 0 to 1, or a figure -> uint8 (height, width, 3)"""
    from PIL import Image
    if hasattr(frame, "savefig"):
        drawn = io.BytesIO()
        frame.savefig(drawn, format="png", dpi="figure")
        pyplot().close(frame)
        return np.asarray(Image.open(drawn).convert("RGB"))
    frame = np.asarray(frame)
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError("save_animation: a frame is a figure or an array (height, width, 3) with "
                         f"values from 0 to 1; got shape {frame.shape}")
    return (255 * np.clip(frame, 0, 1)).round().astype(np.uint8)
