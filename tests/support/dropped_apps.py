"""An app that is used once, and then dropped."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

from flask import Flask

from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris, product_png
from tests.support.waiting import LIMIT, until


def dropped_app(folder: Path, *, has_ledger: bool = False, **config: Any) -> weakref.ref[Flask]:
    """Return a reference to an app that has shown a page and made a try-on, and is used no more."""
    genvoris = LocalGenvoris(folder / "genvoris", fetch_image=lambda _url: product_png())
    if has_ledger:
        shop = ledger_shop(genvoris, folder, **config)
        shop.state.billing.grant("ada", 3)
    else:
        genvoris.customer("ada", quota=3)
        shop = Shop(genvoris, **config)
        shop.log_in()
    shop.browser.get("/product")
    job = shop.finish(shop.tryon())
    assert job["state"] == "done", job
    return weakref.ref(shop.app)


def is_freed(folder: Path, *options: str) -> bool:
    """Return whether an app is freed in a process of its own, where no other test refers to it.

    Args:
        folder: Where it keeps its files.
        options: ``ledger``, or the URL of a Redis.
    """
    command = [sys.executable, "-m", "tests.support.dropped_apps", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout == "freed\n"


def _is_collected(app: weakref.ref[Flask]) -> bool:
    gc.collect()
    return app() is None


def main(folder: str, option: str = "") -> None:
    config = {"GENVORIS_STORE_URL": option} if option.startswith("redis:") else {}
    app = dropped_app(Path(folder), has_ledger=option == "ledger", **config)
    until(lambda: _is_collected(app))
    # Not because they have ended.
    names = {thread.name for thread in threading.enumerate()}
    assert "genvoris-tryon-0" in names, names
    sys.stdout.write("freed\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
