"""Try-ons: ``/api/tryon/track`` at the root of the API's host, and the try-on host's own calls."""

from __future__ import annotations

from ...button_design import ButtonDesign
from ..http import HttpClient, RetryPolicy
from ..models import Tracked, TryOnStatus, WidgetHash, read_button_design
from ..parsing import read_object
from . import Resource, present


class TryOns(Resource):
    """Try-ons: those that the shop made with an engine of its own, and who may try on.

    Args:
        http: Sends requests to the root of the API's host.
        tryon_http: Sends requests to the try-on host.
        timeout: Seconds for a call, retries and waiting included.
        api_key: The shop's server key, which ``track`` sends in its body as well as in the header.
    """

    def __init__(
        self, http: HttpClient, tryon_http: HttpClient, timeout: float, api_key: str
    ) -> None:
        super().__init__(http, timeout)
        self._tryon_http = tryon_http
        self._api_key = api_key

    def track(
        self,
        *,
        variation_count: int = 1,
        success: bool = True,
        product_type: str | None = None,
        generation_time_ms: int | None = None,
        page_url: str | None = None,
        product_title: str | None = None,
        origin: str | None = None,
        end_customer_token: str | None = None,
    ) -> Tracked:
        """Charge try-ons. Genvoris checks the quota before it charges anything.

        A second request charges again, so it is retried only if the first certainly had no effect.

        Args:
            variation_count: How many pictures were generated.
            success: Whether the try-on succeeded; a failure is not charged.
            product_type: Such as ``apparel``.
            generation_time_ms: How long it took, in milliseconds.
            page_url: Where the shopper was.
            product_title: The product's name.
            origin: The shop's origin, such as ``https://shop.example``.
            end_customer_token: The token of the shopper whose quota it counts against. None charges
                only the shop's credits.

        Raises:
            QuotaError: The shopper's plan does not allow it.
            CreditError: The shop's credits are spent.
            InvalidSessionTokenError: The token is expired, revoked or not Genvoris's.
            BadRequestError: A field is wrong.
        """
        fields = present(
            api_key=self._api_key,
            product_type=product_type,
            variation_count=variation_count,
            generation_time_ms=generation_time_ms,
            success=success,
            page_url=page_url,
            product_title=product_title,
            origin=origin,
            end_customer_token=end_customer_token,
        )
        secrets = (end_customer_token,) if end_customer_token else ()
        body = self._send(
            "POST", "/api/tryon/track", RetryPolicy.IF_UNSENT, json=fields, secrets=secrets
        )
        return Tracked.read(read_object(body, "POST /api/tryon/track"))

    def status(self, *, end_customer_token: str | None = None) -> TryOnStatus:
        """Return whether a shopper may try on. Retried while the error may be temporary.

        After the status ``ERROR`` it asks once more, as Genvoris advises.

        Args:
            end_customer_token: The shopper's token; None asks about guests.

        Raises:
            InvalidSessionTokenError: The token is expired, revoked or not Genvoris's.
        """
        # The token goes into a header, since URLs end up in logs.
        bearer = {"Authorization": f"Bearer {end_customer_token}"} if end_customer_token else {}
        for _ in range(2):
            answer = self._tryon_http.request(
                "GET",
                "/api/status",
                timeout=self._timeout,
                repeat=RetryPolicy.ALWAYS,
                headers=bearer,
                secrets=(end_customer_token,) if end_customer_token else (),
            )
            status = TryOnStatus.read(read_object(answer.body, "GET /api/status"))
            if status.access != "ERROR":
                break
        return status


class Widget(Resource):
    """``/widget-hash`` and ``/api/widget/button-design`` of the try-on host."""

    def hash(self) -> WidgetHash:
        """Return which widget Genvoris hosts now. Retried while the error may be temporary."""
        body = self._send("GET", "/widget-hash", RetryPolicy.ALWAYS)
        return WidgetHash.read(read_object(body, "GET /widget-hash"))

    def button_design(self) -> ButtonDesign:
        """Return the dashboard's design of the button. Retried while the error may be temporary.

        Genvoris caches it for a minute, so do not call this for every page.
        """
        body = self._send("GET", "/api/widget/button-design", RetryPolicy.ALWAYS)
        return read_button_design(read_object(body, "GET /api/widget/button-design"))
