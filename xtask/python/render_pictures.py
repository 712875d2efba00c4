"""Renders the pictures that `cargo xtask demo` reads: lines of text, 48 pixels high, as a scanner would leave them.

usage: render_pictures.py DIRECTORY

The font is Pillow's own scalable one (Aileron, in the public domain), so the pictures come out the same everywhere.
"""

import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HEIGHT = 48
MAX_WIDTH = 320
SIZE = 33
MARGIN = 8

# file name, text, ink, paper: dark on light as in print, light on dark as on a sign
PICTURES = [
    ("print.png", "Hardware-aware 2026", (25, 25, 40), (250, 248, 240)),
    ("sign.png", "fast & correct", (245, 245, 225), (30, 60, 110)),
]


def render(text: str, ink: tuple, paper: tuple) -> Image.Image:
    for size in range(SIZE, 8, -1):
        font = ImageFont.load_default(size)
        left, top, right, bottom = font.getbbox(text)
        width = right - left + 2 * MARGIN
        if width <= MAX_WIDTH:
            break
    picture = Image.new("RGB", (round(width), HEIGHT), paper)
    place = (MARGIN - left, (HEIGHT - (bottom - top)) / 2 - top)
    ImageDraw.Draw(picture).text(place, text, ink, font)
    # A little noise, so that the paper is not one value.
    noise = np.random.default_rng(1).normal(0, 3, (HEIGHT, picture.width, 1))
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


def main() -> None:
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name, text, ink, paper in PICTURES:
        render(text, ink, paper).save(directory / name, optimize=True)


main()
