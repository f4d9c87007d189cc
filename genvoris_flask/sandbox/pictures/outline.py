"""Outlines of shapes by rows, which measure bodies and garments; and the parts of masks."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

Run = tuple[int, int]  # start and end, exclusive

FILLED = 255


@dataclass(frozen=True)
class Outline:
    """A shape as the runs of each row, in pixels of its mask."""

    rows: list[list[Run]]
    width: int

    @property
    def height(self) -> int:
        """The number of rows of the mask."""
        return len(self.rows)

    @property
    def top(self) -> int:
        """The first row of the shape."""
        return next((y for y, runs in enumerate(self.rows) if runs), 0)

    @property
    def bottom(self) -> int:
        """The last row of the shape."""
        return next((y for y in range(self.height - 1, -1, -1) if self.rows[y]), 0)

    def extent(self, y: int) -> int:
        """Return the width of a row from its first pixel to its last; 0 if it is empty."""
        runs = self.rows[y]
        return runs[-1][1] - runs[0][0] if runs else 0

    def longest(self, y: int) -> int:
        """Return the length of a row's longest run; 0 if it is empty."""
        return max((end - start for start, end in self.rows[y]), default=0)

    def middle_run(self, y: int, x: float) -> Run | None:
        """Return the run that contains ``x``, or else the nearest one."""
        runs = self.rows[y]
        if not runs:
            return None
        return min(runs, key=lambda run: max(run[0] - x, x - run[1], 0))


def read_outline(mask: Image.Image) -> Outline:
    """Return the outline of a mask of mode L with the values 0 and ``FILLED``."""
    data, width = mask.tobytes(), mask.width
    rows = [_runs(data[at : at + width]) for at in range(0, len(data), width)]
    return Outline(rows, width)


@dataclass(frozen=True)
class Part:
    """A connected part of a mask, as runs ``(row, start, end)``."""

    runs: list[tuple[int, int, int]]

    @property
    def size(self) -> int:
        """The number of pixels."""
        return sum(end - start for _y, start, end in self.runs)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom; the last two are exclusive."""
        rows, starts, ends = zip(*self.runs, strict=True)
        return min(starts), min(rows), max(ends), max(rows) + 1

    def draw(self, size: tuple[int, int]) -> Image.Image:
        """Return the part as a mask."""
        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        for y, start, end in self.runs:
            draw.line((start, y, end - 1, y), fill=FILLED)
        return mask


def parts_of(mask: Image.Image) -> list[Part]:
    """Return the connected parts of a mask, largest first."""
    parents: list[int] = []

    def root(label: int) -> int:
        while parents[label] != label:
            parents[label] = label = parents[parents[label]]
        return label

    labelled: list[tuple[int, int, int, int]] = []
    above: list[tuple[int, int, int]] = []
    for y, runs in enumerate(read_outline(mask).rows):
        here = []
        for start, end in runs:
            touched = [root(each[2]) for each in above if each[0] < end and start < each[1]]
            label = touched[0] if touched else len(parents)
            if not touched:
                parents.append(label)
            for other in touched:
                parents[other] = label
            here.append((start, end, label))
            labelled.append((y, start, end, label))
        above = here
    parts: dict[int, Part] = {}
    for y, start, end, label in labelled:
        parts.setdefault(root(label), Part([])).runs.append((y, start, end))
    return sorted(parts.values(), key=lambda part: part.size, reverse=True)


def _runs(row: bytes) -> list[Run]:
    runs = []
    end = 0
    while (start := row.find(FILLED, end)) >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        runs.append((start, end))
    return runs
