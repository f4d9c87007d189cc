"""An app that is used once, and then dropped."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

from flask import Flask

from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris, product_png


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


def is_collected(app: weakref.ref[Flask]) -> bool:
    """Return whether nothing refers to the app any more."""
    gc.collect()
    return app() is None
