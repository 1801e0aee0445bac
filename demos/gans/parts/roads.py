"""Small road scenes, rendered from a curvature as a car's camera might see them.

The camera looks along flat ground from just above it: what lies at depth d appears 1/d of the way
from the horizon down to the bottom edge, and 1/d as wide. A straight road is thus a triangle. A
bend shifts the middle of the road by curvature·(1 - 1/d)²: not at all at the bottom edge, most at
the horizon. The car's offset in its lane, its heading and the light are random and obscure the
bend.
"""
from tinygen.backend import np

HEIGHT, WIDTH = 15, 20
SCENE = 1, HEIGHT, WIDTH
HORIZON = 3        # rows of sky
HALF_ROAD = 0.42   # of the scene's width, at the bottom
BEND = 0.30        # shift of the road at the horizon for curvature 1, in scene widths


def road_scenes(count, rng):
    """Random scenes and their curvature: -1 hard left, 0 straight, 1 hard right.

    -> float32 (count, 1, HEIGHT, WIDTH) from 0, black, to 1, white; float32 (count,)
    """
    curvature = rng.uniform(-1, 1, count).astype(np.float32)
    light, sky, ground, tarmac = (rng.uniform(low, high, (count, 1, 1)) for low, high in
                                  ((0.6, 1.0), (0.7, 0.95), (0.35, 0.6), (0.1, 0.25)))
    offset, heading = (rng.uniform(-most, most, (count, 1, 1)) for most in (0.12, 0.05))
    phase = rng.random((count, 1, 1))

    rows = np.arange(HEIGHT - HORIZON)[:, None] + 0.5   # (rows below the horizon, 1)
    near = rows / (HEIGHT - HORIZON)                    # 1 / depth: 0 far away, 1 at the bottom
    x = (np.arange(WIDTH) + 0.5) / WIDTH - 0.5          # (WIDTH,) 0 in the middle
    middle = (offset * near + heading * (1 - near)
              + BEND * curvature[:, None, None] * (1 - near) ** 2)
    side = (x - middle) / near                          # on the ground, (count, rows, WIDTH)
    pixel = 1 / (WIDTH * near)                          # width of a pixel on the ground

    def stripe(centre, width):
        """The share of each pixel that a line along the road covers."""
        reach = np.abs(side - centre)
        return np.clip(0.5 + (width / 2 - reach) / pixel, 0, 1) * np.minimum(1, width / pixel)

    road = np.clip(0.5 + (HALF_ROAD - np.abs(side)) / pixel, 0, 1)
    dashes = ((1 / near + 2 * phase) % 1 < 0.5) * stripe(0, 0.05)
    edges = np.maximum(stripe(-0.36, 0.05), stripe(0.36, 0.05))
    scene = ground + (tarmac - ground) * road
    scene = scene + (0.95 - scene) * np.maximum(edges, dashes)
    above = np.broadcast_to(sky, (count, HORIZON, WIDTH))
    scenes = light * np.concatenate([above, scene], axis=1)
    scenes = scenes + rng.normal(0, 0.04, scenes.shape)
    return scenes[:, None].clip(0, 1).astype(np.float32), curvature


def with_curvature(scenes, curvature):
    """Scenes with one more row at the bottom, black for hard left to white for hard right: a GAN
    of images generates a scene and its curvature in one image.  -> (N, 1, HEIGHT + 1, WIDTH)
    """
    row = np.broadcast_to((curvature[:, None, None, None] + 1) / 2, (len(scenes), 1, 1, WIDTH))
    return np.concatenate([scenes, row.astype(scenes.dtype)], axis=2)


def without_curvature(sheets):
    """The inverse: (N, 1, HEIGHT + 1, WIDTH) -> scenes, and the curvature that the row encodes."""
    return sheets[:, :, :-1], 2 * sheets[:, 0, -1].mean(axis=1) - 1
