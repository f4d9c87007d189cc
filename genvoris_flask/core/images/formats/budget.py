"""The work that reading one file may cost, counted as it is done."""

from __future__ import annotations

from .container import BrokenError

# A part (a box, a segment, a chunk, a table's entry) costs the interpreter more than its bytes do.
PART = 256
BASE = 64 * 1024
PER_BYTE = 8


class Budget:
    """Bounds the work on a file by its length alone, whatever the file says about itself.

    Readers call `spend` for each part before they look at it. Ordinary photos need less than half
    of what they have.

    Args:
        length: The file's length in bytes.

    Attributes:
        limit: What may be spent; grows linearly with the length.
        spent: What has been spent.
    """

    def __init__(self, length: int) -> None:
        self.limit = BASE + PER_BYTE * length
        self.spent = 0

    def spend(self, size: int = 0) -> None:
        """Count one part of ``size`` bytes.

        Raises:
            BrokenError: The file costs more than its length justifies.
        """
        self.spent += PART + size
        if self.spent > self.limit:
            raise BrokenError
