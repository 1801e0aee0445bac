"""Small road scenes drawn from a curvature, as a car's camera may see them.

A flat ground is seen from just above it: what lies at depth d ahead is seen 1/d of the way from the
horizon to the bottom, and 1/d as wide. So roads are triangles. A bend moves the road's middle by
curvature·(1 - 1/d)²: nothing at the bottom, most at the horizon. Where the car stands in its lane,
where it heads, and the light are drawn at random and hide the bend.
"""
from tinygen.backend import np

HEIGHT, WIDTH = 15, 20
SCENE = 1, HEIGHT, WIDTH
HORIZON = 3        # rows of sky
HALF_ROAD = 0.42   # of the scene's width, at the bottom
BEND = 0.30        # sideways shift of the road at the horizon for curvature 1


def draw_roads(count, rng):
    """Scenes, and how much each road bends: -1 hard left, 0 straight, 1 hard right.

    -> float32 (count, 1, HEIGHT, WIDTH) from 0, black, to 1, white; float32 (count,)
    """
    curvature = rng.uniform(-1, 1, count).astype(np.float32)
    light, sky, ground, tarmac = (rng.uniform(low, high, (count, 1, 1)) for low, high in
                                  ((0.6, 1.0), (0.7, 0.95), (0.35, 0.6), (0.1, 0.25)))
    offset, heading = (rng.uniform(-most, most, (count, 1, 1)) for most in (0.12, 0.05))
    phase = rng.random((count, 1, 1))

    rows = np.arange(HEIGHT - HORIZON)[:, None] + 0.5   # (rows below the horizon, 1)
    near = rows / (HEIGHT - HORIZON)                    # 1 / depth: 0 far away, 1 at the bottom
    x = (np.arange(WIDTH) + 0.5) / WIDTH - 0.5          # (WIDTH,) to the side
    middle = (offset * near + heading * (1 - near)
              + BEND * curvature[:, None, None] * (1 - near) ** 2)
    side = (x - middle) / near                          # on the ground, (count, rows, WIDTH)
    pixel = 1 / (WIDTH * near)                          # how wide a pixel is there

    def stripe(centre, width):
        """How much of each pixel a line along the road covers."""
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
    """One more row below each scene, black for hard left and white for hard right: what a GAN that
    draws images has to draw to say how much the road bends.  -> (N, 1, HEIGHT + 1, WIDTH)
    """
    row = np.broadcast_to((curvature[:, None, None, None] + 1) / 2, (len(scenes), 1, 1, WIDTH))
    return np.concatenate([scenes, row.astype(scenes.dtype)], axis=2)


def without_curvature(sheets):
    """The reverse: (N, 1, HEIGHT + 1, WIDTH) -> scenes, and the curvature that the row says."""
    return sheets[:, :, :-1], 2 * sheets[:, 0, -1].mean(axis=1) - 1
