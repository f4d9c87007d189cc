"""The places that hold data of shoppers, apart from the ledger's database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ...errors import ExternalIdError, NotFoundError
from ..api.client import GenvorisClient
from ..api.models import Customer
from ..handover import Handovers
from ..sessions import Shopper
from ..sessions.broker import SessionBroker
from ..storage.interface import Store, digest
from .erasure import ReceiptLine
from .own_jobs import OwnJobs
from .own_messages import OwnMessages, Person


class JobHolder:
    """Try-ons and their pictures. The count of a day stays, or erasing would start it anew.

    Args:
        jobs: Knows which try-ons are whose.
        handovers: Has the photos on their way from phones.
    """

    place = "try-ons"

    def __init__(self, jobs: OwnJobs, handovers: Handovers) -> None:
        self._jobs = jobs
        self._handovers = handovers

    def export(self, external_id: str) -> list[dict[str, Any]]:
        """Return a shopper's try-ons. Their pictures can be downloaded while they exist."""
        found = self._jobs.of(owner_of(external_id))
        return [
            {
                "id": job.id,
                "created_at": job.created_at,
                "state": job.state,
                "product": asdict(job.product),
                "charged": job.charged,
            }
            for job in found
        ]

    def erase(self, external_id: str, erasure_id: str) -> list[ReceiptLine]:  # noqa: ARG002
        """Delete a shopper's try-ons and pictures, and stop what is under way."""
        owner = owner_of(external_id)
        linked = self._handovers.close_latest(owner)
        count, under_way = self._jobs.remove_all(owner)
        what = "try-ons, photos and pictures"
        lines = [ReceiptLine(self.place, what, "deleted", count, code="tryons")]
        if under_way:
            reason = "being made; their pictures are thrown away"
            lines.append(ReceiptLine(self.place, "try-ons", "deleted", under_way, reason))
        if linked:
            what = "link for the shopper's phone, with any photo that it had sent"
            lines.append(ReceiptLine(self.place, what, "deleted", 1))
        what = "how many were started today, under a digest"
        lines.append(ReceiptLine(self.place, what, "kept", reason=_DAY, code="day"))
        return lines


class SessionHolder:
    """Tokens, and the ids that are remembered for them."""

    place = "tokens"

    def __init__(self, broker: SessionBroker, store: Store) -> None:
        self._broker = broker
        self._store = store

    def export(self, external_id: str) -> dict[str, Any]:
        """Return whether there is a token, and whether Genvoris is remembered to know them.

        What the token says is what Genvoris knows; the token itself is a secret.
        """
        shopper = Shopper(external_id)
        has_token = self._broker.held(shopper) is not None
        return {"has_token": has_token, "is_known": self._broker.is_known(shopper)}

    def erase(self, external_id: str, erasure_id: str) -> list[ReceiptLine]:  # noqa: ARG002
        """Drop and revoke a shopper's token in all processes, and forget that they are known."""
        self._broker.forget(Shopper(external_id))
        self._store.delete(f"known:{digest(external_id)}", f"session:{digest(external_id)}")
        what = "session token and remembered ids"
        return [ReceiptLine(self.place, what, "deleted", code="tokens")]


class GenvorisHolder:
    """The shopper's customer record at Genvoris.

    Args:
        client: Calls Genvoris.
        broker: Knows Genvoris's id of a shopper.
        close: Closes the shopper's account under an event's id, once.
        messages: What is yet to be told to Genvoris, or to the shop's own functions.
    """

    place = "Genvoris"

    def __init__(
        self,
        client: GenvorisClient,
        broker: SessionBroker,
        close: Callable[[str, str], object],
        messages: OwnMessages,
    ) -> None:
        self._client = client
        self._broker = broker
        self._close = close
        self._messages = messages

    def export(self, external_id: str) -> dict[str, Any]:
        """Return what Genvoris has of a shopper, and what is yet to be told of them.

        Of a shopper whom Genvoris does not know, ``customer`` and ``usage`` are None.
        """
        customer = self._find(external_id)
        if customer:
            self._broker.remember(Shopper(external_id))
        usage = self._client.customers.usage(customer.id) if customer else None
        return {
            "customer": asdict(customer) if customer else None,
            "usage": asdict(usage) if usage else None,
            "messages": self._messages.export(self._person(external_id, customer)),
        }

    def erase(self, external_id: str, erasure_id: str) -> list[ReceiptLine]:
        """Clear e-mail and metadata, and give back what is left of the plan."""
        before = self._find(external_id)
        # While the address is known, since an order's message has nothing else of the shopper.
        dropped = self._drop_messages(self._person(external_id, before))
        self._close(external_id, f"erase:{erasure_id}")
        if before is None:
            return [*dropped, ReceiptLine(self.place, "customer record", "deleted", 0)]
        # Whatever the account's closing leaves, such as in a record that is closed already.
        self._client.customers.update(before.id, email=None, metadata=None)
        return [
            *dropped,
            ReceiptLine(self.place, "e-mail and metadata", "deleted", 1, code="address"),
            ReceiptLine(
                self.place,
                "customer record with your id of the shopper, and its usage",
                "kept",
                1,
                "Genvoris deletes no records; it is what your credits were counted by",
                "usage",
            ),
        ]

    def _drop_messages(self, person: Person) -> list[ReceiptLine]:
        count = self._messages.drop(person)
        what = "messages that waited for it"
        return [ReceiptLine(self.place, what, "deleted", count)] if count else []

    def _person(self, external_id: str, customer: Customer | None) -> Person:
        known = (customer.id, customer.email) if customer else ()
        names = frozenset(each.lower() for each in known if each)
        return Person(external_id, self._known_as(external_id, customer), names)

    def _known_as(self, external_id: str, customer: Customer | None) -> str | None:
        if customer and customer.external_id:
            return customer.external_id
        with suppress(ExternalIdError):  # which may be another shopper's at Genvoris
            return self._broker.external_id(Shopper(external_id))
        return None

    def _find(self, external_id: str) -> Customer | None:
        shopper = Shopper(external_id)
        self._broker.introduce(shopper)  # or new accounts that are erased would suspend the shop
        try:
            return self._client.customers.get(self._broker.customer_id(shopper))
        except NotFoundError:
            return None


_DAY = "for 25 hours at most, so that nobody starts a new day by erasing"


def owner_of(external_id: str) -> str:
    """Return the name under which try-ons of a shopper are kept."""
    return f"shopper:{external_id}"
