"""Marks a picture as a preview, for eyes and for programs."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

TEXT = "SANDBOX PREVIEW"
COMMENT = "A preview by the local Genvoris sandbox; no try-on was made."
BACK, INK = (20, 20, 24, 200), (255, 255, 255, 255)


def mark(canvas: Image.Image) -> None:
    """Write at the foot of the picture what it is."""
    size = max(11, min(round(canvas.height * 0.02), round(canvas.width * 0.04)))
    font = ImageFont.load_default(size=size)
    width, height = round(font.getlength(TEXT) + size * 2), size * 2
    pill = Image.new("RGBA", (width * 2, height * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(pill)
    # Drawn twice as large and made smaller, for a smooth rim.
    draw.rounded_rectangle((0, 0, width * 2 - 1, height * 2 - 1), radius=height, fill=BACK)
    big = ImageFont.load_default(size=size * 2)
    draw.text((width, height), TEXT, fill=INK, font=big, anchor="mm")
    pill = pill.resize((width, height), Image.Resampling.LANCZOS)
    canvas.paste(pill, ((canvas.width - width) // 2, canvas.height - height - size // 2 - 2), pill)
