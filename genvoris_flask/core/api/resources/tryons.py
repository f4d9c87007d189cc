"""Try-ons: ``/api/tryon/track`` at the root of the API's host, and the try-on host's own calls."""

from __future__ import annotations

from ...button_design import ButtonDesign
from ..http import HttpClient, RetryPolicy
from ..models import Tracked, TryOnStatus, WidgetHash, read_button_design
from ..parsing import read_object
from .base import Resource, present


class TryOns(Resource):
    """Try-ons: those that the shop made with an engine of its own, and who may have more.

    Args:
        http: Sends requests to the root of the API's host.
        tryon_http: Sends requests to the try-on host.
        timeout: Seconds for a call, retries and waiting included.
        api_key: The shop's server key, which this call wants in its body as well as in the header.
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
        """Charge try-ons. Genvoris looks at the quota before it takes anything.

        A second call charges again, so it is repeated only when the first surely had no effect.

        Args:
            variation_count: Pictures that were made.
            success: Whether they came out; nothing is charged for a failure.
            product_type: Such as ``apparel``.
            generation_time_ms: How long it took, in milliseconds.
            page_url: Where the shopper was.
            product_title: The product's name.
            origin: The shop's origin, such as ``https://shop.example``.
            end_customer_token: Whose quota it is; None charges the shop's credits alone.

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
        """Return whether a shopper may try on. Changes nothing: repeated if the fault may pass.

        An answer that says ``ERROR`` is asked for once more, as Genvoris advises.

        Args:
            end_customer_token: Whose status it is; None asks about guests.

        Raises:
            InvalidSessionTokenError: The token is expired, revoked or not Genvoris's.
        """
        # The key goes into a header: addresses end up in logs.
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
        """Return which widget Genvoris hosts now. Repeated whenever the fault may pass."""
        body = self._send("GET", "/widget-hash", RetryPolicy.ALWAYS)
        return WidgetHash.read(read_object(body, "GET /widget-hash"))

    def button_design(self) -> ButtonDesign:
        """Return the button's design of the dashboard. Repeated whenever the fault may pass.

        Genvoris keeps it for a minute, so ask once in a while rather than for every page.
        """
        body = self._send("GET", "/api/widget/button-design", RetryPolicy.ALWAYS)
        return read_button_design(read_object(body, "GET /api/widget/button-design"))
