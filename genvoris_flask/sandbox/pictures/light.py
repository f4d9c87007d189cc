"""Adapting a product to the photo's light: its brightness, colour and shading."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter, ImageStat

WHITE = 235  # the brightest parts of a photo are assumed to be about white
BRIGHTEST = 0.95  # the share of pixels that are darker than these
LEAST_CONTRAST = 24
GAIN = (0.45, 1.04)
TINT = 0.5  # how much of the light's colour is adopted
SIDE = 48  # pixels of a copy that is too small to show folds and patterns
DEPTH = 0.35  # how much of the photo's shading is adopted
MOST_SHADING = 26  # grey levels


def in_the_light_of(photo: Image.Image, layer: Image.Image, shape: Image.Image) -> Image.Image:
    """Return the layer in the photo's light.

    Args:
        photo: The photo, of mode RGB.
        layer: The product in its position, of mode RGB.
        shape: A mask of the product.
    """
    lit = Image.merge(
        "RGB",
        [
            channel.point([min(255, round(level * gain)) for level in range(256)])
            for channel, gain in zip(layer.split(), _gains(photo), strict=True)
        ],
    )
    return _shaded(lit, photo, shape)


def _gains(photo: Image.Image) -> list[float]:
    """Return the light's red, green and blue, relative to white light."""
    small = photo.copy()
    small.thumbnail((128, 128), Image.Resampling.BOX)
    luma = small.convert("L").histogram()
    if _percentile(luma, BRIGHTEST) - _percentile(luma, 1 - BRIGHTEST) < LEAST_CONTRAST:
        return [1.0, 1.0, 1.0]  # a single colour does not reveal the light
    brights = [_percentile(channel.histogram(), BRIGHTEST) / WHITE for channel in small.split()]
    mean = sum(brights) / 3
    low, high = GAIN
    return [min(max(mean + (each - mean) * TINT, low), high) for each in brights]


def _percentile(histogram: list[int], share: float) -> int:
    wanted, seen = share * sum(histogram), 0
    for level, count in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return level
    return 255


def _shaded(lit: Image.Image, photo: Image.Image, shape: Image.Image) -> Image.Image:
    """Apply the photo's shading to the product."""
    small = photo.convert("L")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(2))
    where = shape.resize(small.size, Image.Resampling.BOX).point(lambda a: 255 if a > 128 else 0)
    if not where.getbbox():
        return lit
    usual = ImageStat.Stat(small, where).mean[0]
    changes = [
        max(-MOST_SHADING, min(MOST_SHADING, (level - usual) * DEPTH)) for level in range(256)
    ]
    shades = small.point([128 + round(change) for change in changes])
    soft = shades.resize(lit.size, Image.Resampling.BICUBIC)
    dark = soft.point([min(255, level * 2) for level in range(256)])
    # Darkening multiplies; lightening mixes in a little white.
    light = soft.point([max(0, level - 128) for level in range(256)])
    darker = ImageChops.multiply(lit, Image.merge("RGB", (dark, dark, dark)))
    darker.paste((255, 255, 255), mask=light)
    return darker
