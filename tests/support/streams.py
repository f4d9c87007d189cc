"""Request bodies that must not be read."""

from __future__ import annotations

import io


class Unread(io.RawIOBase):
    """A body of 100 bytes that raises when it is read."""

    _place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise AssertionError("the body was read")

    def tell(self) -> int:  # Werkzeug's test client finds its length out so
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + (100 if whence == io.SEEK_END else 0)
        return self._place
