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
    sizes = np.diff(edges)
    mean_values = np.append(np.add.reduceat(values[: n - 1], edges[:-1]) / sizes, values[-1])
    mean_rows = np.append((edges[:-1] + edges[1:] - 1) / 2, n - 1)
    rows = np.arange(n)
    kept = np.zeros(points, dtype=np.int64)
    kept[-1] = n - 1
    for bucket in range(points - 2):
        before = kept[bucket]
        begin, end = edges[bucket], edges[bucket + 1]
        ahead, rise = mean_rows[bucket + 1] - before, mean_values[bucket + 1] - values[before]
        area = np.abs((rows[begin:end] - before) * rise - (values[begin:end] - values[before]) * ahead)
        kept[bucket + 1] = begin + area.argmax()
    return kept
