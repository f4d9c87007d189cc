"""What a shopper reads of their own data on the account page, and of what an erasure has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..locales import translate
from .erasure import Receipt

Trouble = Literal["unconfirmed", "failed"]
TROUBLES: tuple[Trouble, ...] = ("unconfirmed", "failed")


@dataclass(frozen=True)
class OwnData:
    """The part of the template ``genvoris/account.html`` that is about the shopper's data.

    Attributes:
        language: Of its texts.
        erase_url: Where its form is posted to, with ``confirm=yes`` and ``next``.
        download_url: The file with all that is known of the shopper.
        page: The address of this page, for ``next``.
        trouble: Why nothing was erased, after an attempt.
        receipt: What was erased, after an erasure.
        retries: Whether what is pending is tried again without the shopper.
    """

    language: str
    erase_url: str
    download_url: str
    page: str
    trouble: Trouble | None = None
    receipt: Receipt | None = None
    retries: bool = True

    def text(self, key: str, **values: object) -> str:
        """Return a text in its language, such as ``text("title")``."""
        return translate(f"own_data.{key}", self.language, **values)

    @property
    def deleted(self) -> Sequence[str]:
        """What was deleted, in words."""
        return self._items(is_deleted=True)

    @property
    def kept(self) -> Sequence[str]:
        """What is kept and why, in words."""
        return self._items(is_deleted=False)

    @property
    def pending(self) -> str | None:
        """What becomes of what could not be deleted yet; None if all of it was."""
        if self.receipt is None or not self.receipt.pending:
            return None
        return self.text("pending" if self.retries else "again")

    def _items(self, *, is_deleted: bool) -> list[str]:
        lines = self.receipt.lines if self.receipt else ()
        codes = [
            line.code for line in lines if line.code and (line.outcome == "deleted") == is_deleted
        ]
        return [self.text(f"item.{code}") for code in dict.fromkeys(codes)]
