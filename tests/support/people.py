"""Photos of people that are drawn here, so that it is known where their necks are."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

SKIN: Colour = (196, 140, 110)
HAIR: Colour = (60, 40, 30)
SHIRT: Colour = (70, 110, 90)
TROUSERS: Colour = (50, 55, 80)
WALL: Colour = (205, 210, 215)
OVERDRAWN = 2  # drawn larger and made smaller, for soft edges


@dataclass(frozen=True)
class Person:
    """Someone who stands in a photo. Lengths are in pixels.

    Attributes:
        x: The column of the middle of the neck.
        crown: The row where the head begins.
        head: From the crown to the neck; everything else follows from it.
        skin: The colour of the skin.
        shirt: The colour of the shirt.
    """

    x: float = 600
    crown: float = 160
    head: float = 240
    skin: Colour = SKIN
    shirt: Colour = SHIRT

    @property
    def neck(self) -> tuple[float, float]:
        return self.x, self.crown + self.head

    @property
    def trunk(self) -> float:
        return self.head * 1.25

    def draw(self, wall: Image.Image) -> Image.Image:
        """Stand before a wall."""
        big = wall.resize((wall.width * OVERDRAWN, wall.height * OVERDRAWN))
        draw = ImageDraw.Draw(big)

        def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
            (x, y), head = self.neck, self.head
            return [((x + px * head) * OVERDRAWN, (y + py * head) * OVERDRAWN) for px, py in points]

        draw.polygon(at((-0.6, 1.8), (0.6, 1.8), (0.55, 5), (-0.55, 5)), fill=TROUSERS)
        for side in (-1, 1):
            arm = ((0.66, 0.3), (0.86, 0.45), (1.0, 2.2), (0.84, 2.2), (0.74, 1.2), (0.62, 0.7))
            draw.polygon(at(*((side * x, y) for x, y in arm)), fill=self.skin)
        half = self.trunk / self.head / 2
        shoulders = ((-0.25, 0.12), (0.25, 0.12), (0.82, 0.35), (half, 0.8), (half, 2), (-half, 2))
        draw.polygon(at(*shoulders, (-half, 0.8), (-0.82, 0.35)), fill=self.shirt)
        draw.rectangle(at((-0.2, -0.3), (0.2, 0.2)), fill=self.skin)
        draw.ellipse(at((-0.36, -1), (0.36, -0.3)), fill=HAIR)
        draw.ellipse(at((-0.29, -0.88), (0.29, -0.04)), fill=self.skin)
        return big.resize(wall.size, Image.Resampling.BOX)


def plain_wall(size: tuple[int, int] = (1200, 1600), colour: Colour = WALL) -> Image.Image:
    """Return a wall that is a little darker at the bottom than at the top."""
    dimmer = tuple(round(level * 0.85) for level in colour)
    light = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, dimmer), Image.new("RGB", size, colour), light)


def cluttered_room(size: tuple[int, int] = (1200, 1600)) -> Image.Image:
    """Return a room full of things of all colours, as in a photo taken at home."""
    chance = random.Random(7)
    room = Image.new("RGB", size, (150, 160, 175))
    draw = ImageDraw.Draw(room)
    for _ in range(90):
        x, y = chance.randrange(-100, size[0]), chance.randrange(-100, size[1])
        corner = (x + chance.randrange(60, 300), y + chance.randrange(60, 300))
        # Blues and greens; wood and terracotta have the colour of skin.
        colour = (chance.randrange(20, 130), chance.randrange(60, 220), chance.randrange(60, 250))
        draw.rectangle(((x, y), corner), fill=colour)
    return room.filter(ImageFilter.GaussianBlur(2))


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


def open_jpeg(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return image.convert("RGB")
