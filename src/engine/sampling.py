"""Fewer points that look the same."""

import numpy as np
from numpy.typing import NDArray


def largest_triangle_three_buckets(values: NDArray[np.float64], points: int) -> NDArray[np.int64]:
    """Rows to keep so that a line through them looks like the line through all: at most `points`, ascending.

    values: (n,) float64 at even distances. The first and the last row are always kept. Of each bucket between them the
    row is kept that spans the largest triangle with the row kept before and the mean of the bucket after.
    Source: Steinarsson, Downsampling Time Series for Visual Representation (2013).
    """
    n = len(values)
    if n <= points:
        return np.arange(n)
    edges = np.linspace(1, n - 1, points - 1).astype(np.int64)
    means = np.append(np.add.reduceat(values[: n - 1], edges[:-1]) / np.diff(edges), values[-1]).tolist()
    middles = np.append((edges[:-1] + edges[1:] - 1) / 2, n - 1).tolist()
    rows = np.arange(n, dtype=np.float64)
    kept = [0]
    for begin, end, middle, mean in zip(edges[:-1].tolist(), edges[1:].tolist(), middles[1:], means[1:], strict=True):
        before = kept[-1]
        height = float(values[before])
        rise, ahead = mean - height, middle - before
        area = rows[begin:end] * rise - values[begin:end] * ahead + (height * ahead - before * rise)
        kept.append(begin + int(np.abs(area).argmax()))
    return np.array([*kept, n - 1])
