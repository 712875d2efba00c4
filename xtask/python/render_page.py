"""Renders a page of text as the input of a text detector: float32 of shape [1, 3, 640, 640] from -1 to 1, seeded.

usage: render_page.py OUTPUT.npy

On noise a detector finds nothing: its output is near 0 everywhere, and what is left to compare is rounding.
"""

import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 640
LETTERS = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def render(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    page = Image.new("RGB", (SIZE, SIZE), (245, 242, 235))
    draw = ImageDraw.Draw(page)
    y = 20
    while y < SIZE - 70:
        height = int(random.integers(18, 46))
        words = ["".join(random.choice(LETTERS, random.integers(2, 9))) for _ in range(random.integers(1, 4))]
        ink = tuple(int(value) for value in random.integers(0, 120, 3))
        draw.text((int(random.integers(10, 120)), y), " ".join(words), ink, ImageFont.load_default(height))
        y += height + int(random.integers(12, 40))
    pixels = np.asarray(page, np.float32) + random.normal(0, 3, (SIZE, SIZE, 1)).astype(np.float32)
    return (pixels.clip(0, 255).transpose(2, 0, 1)[None] / 255 - 0.5) / 0.5


def main() -> None:
    output = pathlib.Path(sys.argv[1])
    np.save(output, render(0).astype(np.float32))


main()
