"""The page "Today": whether all is well, and what needs doing."""

from __future__ import annotations

from .page import render


def show_today() -> str:
    """Show what the shop's owner has to know this morning."""
    return render("today.html", "common.nav.today", "today")
