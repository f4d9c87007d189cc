"""The settings of a shop: their names, meanings and defaults."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.charging.ways import Means
from .charging import ChargingSettings
from .service import ServiceSettings
from .shopfront import ShopfrontSettings
from .tryons import TryOnSettings

if TYPE_CHECKING:  # few commands handle pictures
    from ..core.images.marking import PictureMark


@dataclass(frozen=True, kw_only=True)
class Settings(TryOnSettings, ShopfrontSettings, ChargingSettings, ServiceSettings):
    """The settings of one app.

    Each is named ``GENVORIS_`` and its name in capitals, in ``app.config`` or in the environment.
    """

    @property
    def has_ledger(self) -> bool:
        """Whether the shop's ledger, rather than plans at Genvoris, decides who may try on."""
        return self.database_url is not None or self.database is not None

    @property
    def has_durable_outbox(self) -> bool:
        """Whether what Genvoris has yet to be told outlasts the process."""
        return self.has_ledger or self.queue != "threads"

    @property
    def is_free(self) -> bool:
        """Whether the shop pays for everyone's try-ons."""
        return "free" in self.charging

    @functools.cached_property
    def picture_mark(self) -> PictureMark:
        """How finished pictures are marked. A key that does not fit raises ValueError."""
        from ..core.images.marking import PictureMark
        from ..core.images.signing import open_signer

        signer = open_signer(self.c2pa_certificate, self.c2pa_private_key, self.c2pa_timestamp_url)
        return PictureMark(self.picture_credit, self.visible_mark, signer)

    @property
    def means(self) -> Means:
        """What the shop has set up to charge."""
        return Means(
            has_ledger=self.has_ledger,
            allows_guests=self.allow_guests,
            default_plan=self.default_plan,
            plans=self.plans or (),
            packs=self.packs,
            free_tryons=self.free_tryons,
        )

    def __repr__(self) -> str:
        """Leave the keys out."""
        return f"Settings(api_url={self.api_url!r}, url_prefix={self.url_prefix!r}, …)"
