"""A try-on request as bytes, so that a worker in another process can make it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ...images.photos import Photo
from ...products import Product
from ...sessions import Shopper
from ..daily_limit import Claim, CountedTryon
from ..models import Rerun, TryOnRequest


def dump_request(request: TryOnRequest) -> bytes:
    """Serialize a request: a line of JSON, and then the photo as it is."""
    photo, product, shopper = request.photo, request.product, request.shopper
    fields = {
        "photo": {"mimetype": photo.mimetype, "width": photo.width, "height": photo.height},
        "product": asdict(product),
        "shopper": shopper and asdict(shopper),
        "origin": request.origin,
        "key": request.key,
        "counted": dump_counted(request.counted),
        "rerun": request.rerun and asdict(request.rerun),
    }
    return json.dumps(fields).encode() + b"\n" + photo.data


def load_request(raw: bytes) -> TryOnRequest | None:
    """Deserialize a request. Return None for a format of another version."""
    head, _, data = raw.partition(b"\n")
    try:
        fields: dict[str, Any] = json.loads(head)
        product, shopper = fields["product"], fields["shopper"]
        rerun = fields.get("rerun")  # which earlier versions do not write
        images = tuple(product.pop("images", ()))  # JSON has no tuples
        return TryOnRequest(
            photo=Photo(data, **fields["photo"]),
            product=Product(**product, images=images),
            shopper=Shopper(**shopper) if shopper else None,
            origin=fields["origin"],
            key=fields["key"],
            counted=load_counted(fields["counted"]),
            rerun=Rerun(**rerun) if rerun else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def dump_counted(counted: CountedTryon | None) -> dict[str, Any] | None:
    """Return what a try-on counts against, as plain data."""
    return asdict(counted) if counted else None


def load_counted(fields: dict[str, Any] | None) -> CountedTryon | None:
    """Return what a try-on counts against.

    Raises:
        TypeError, KeyError: It was written by another version.
    """
    if fields is None:
        return None
    claims = tuple(Claim(**claim) for claim in fields["claims"])
    return CountedTryon(claims, fields["key"])
