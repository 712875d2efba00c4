"""Outputs against the expected ones."""

import math

import numpy as np


def compare(name, ours, expected):
    """The largest difference over the largest magnitude of the expected output; infinite where they cannot be compared."""
    row = {"name": name, "error": math.inf, "scale": 0.0}
    if ours is None:
        return row | {"note": "the output is not there"}
    if ours.shape != expected.shape or ours.dtype != expected.dtype:
        return row | {"note": f"{ours.dtype}{list(ours.shape)} instead of {expected.dtype}{list(expected.shape)}"}
    ours, expected = ours.astype(np.float64), expected.astype(np.float64)
    odd = ~np.isfinite(expected)
    if not np.array_equal(ours[odd], expected[odd], equal_nan=True):
        return row | {"note": "not-a-number or infinity at other places"}
    scale = float(np.abs(expected[~odd]).max(initial=0.0))
    error = float(np.abs(ours - expected)[~odd].max(initial=0.0))
    return row | {"error": error / scale if scale > 0 else error, "scale": scale}


def worst(rows):
    return max((row["error"] for row in rows), default=0.0)
