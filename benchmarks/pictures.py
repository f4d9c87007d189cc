"""Measures the cost of the sandbox's preview pictures: a section of benchmarks/RESULTS.md."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pillow_heif
from PIL import Image

from benchmarks.harness import median
from benchmarks.report import section, write_part
from genvoris_flask.sandbox.pictures import make_pictures

ROUNDS = 9
SIZE = (3000, 4000)
STATIC = Path(__file__).resolve().parent.parent / "examples/demo_shop/static"
GARMENT = STATIC / "products/sunday-hoodie.webp"


def main() -> None:
    rows = []
    for title, photo in photos():
        plain, ours, four = times(photo)
        rows.append(
            [
                title,
                f"{median(plain) * 1000:.0f} ms",
                f"{median(ours) * 1000:.0f} ms",
                f"{max(ours) * 1000:.0f} ms",
                f"{median([a / b for a, b in zip(ours, plain, strict=True)]):.2f}",
                f"{median([a / b for a, b in zip(four, plain, strict=True)]):.2f}",
            ]
        )
    table = section(
        "A photo of 12 megapixels, against decoding it, making it small and encoding that",
        [
            "photo",
            "decode, thumbnail, encode",
            "preview",
            "slowest",
            "ratio",
            "4 variations, ratio",
        ],
        rows,
        "A preview in at most 0.5 s is the aim.",
    )
    how = f"{ROUNDS} rounds of each in turn, in one thread."
    write_part("pictures", "What a preview picture of the sandbox costs", how, [table])


def photos() -> list[tuple[str, bytes]]:
    """Return the same photo in three formats, with the noise and the size of a phone's photo."""
    pillow_heif.register_heif_opener()
    person = Image.open(STATIC / "people/amara.jpg").convert("RGB")
    large = person.resize(SIZE, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(SIZE, 30).convert("RGB")
    large = Image.blend(large, grain, 0.15)
    made = []
    for title, kind, quality in (("JPEG", "JPEG", 93), ("HEIC", "HEIF", 50), ("WebP", "WEBP", 80)):
        file = io.BytesIO()
        large.save(file, kind, quality=quality)
        made.append((f"{title}, {file.tell() / 1e6:.1f} MB", file.getvalue()))
    return made


def times(photo: bytes) -> tuple[list[float], list[float], list[float]]:
    garment = GARMENT.read_bytes()
    plain: list[float] = []
    ours: list[float] = []
    four: list[float] = []
    ways: list[tuple[list[float], Callable[[], object]]] = [
        (plain, lambda: thumbnail(photo)),
        (ours, lambda: make_pictures(photo, garment, "apparel", "Sunday hoodie")),
        (four, lambda: make_pictures(photo, garment, "apparel", "Sunday hoodie", 4)),
    ]
    for _ in range(ROUNDS):
        for seen, way in ways:
            before = time.perf_counter()
            way()
            seen.append(time.perf_counter() - before)
    return plain, ours, four


def thumbnail(photo: bytes) -> bytes:
    image = Image.open(io.BytesIO(photo))
    image.thumbnail((1280, 1280))
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=86)
    return file.getvalue()


if __name__ == "__main__":
    main()
