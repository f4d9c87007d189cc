"""The console's page "Charging": what would change of the plans at Genvoris, and changing it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import session
from werkzeug.test import TestResponse

from genvoris_flask.core.billing import plan_catalog
from genvoris_flask.core.ledger.audit import AuditLog
from tests.support.flask_shop import SAME_ORIGIN
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

PATH = "/genvoris/console/setup/charging"
OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
PLANS = [
    {"name": "Pro", "monthly_try_ons": 100, "external_price_id": "p", "price": "9.90 €"},
    {"name": "<Atelier>", "monthly_try_ons": 30},
]


class Owner:
    """The owner of a shop whose plans differ from those at Genvoris."""

    def __init__(self, genvoris: LocalGenvoris, folder: Path, **config: Any) -> None:
        genvoris.call("POST", "/plans", {"name": "Pro", "monthlyTryOns": 9})
        genvoris.call("POST", "/plans", {"name": "Old", "monthlyTryOns": 7})
        self.shop = ledger_shop(genvoris, folder, **{"GENVORIS_PLANS": PLANS, **config})
        self.shop.extension.console_access(lambda: session.get("user") == "fen")
        self.shop.log_in("fen")
        self.genvoris = genvoris

    def show(self) -> TestResponse:
        """Ask what would change."""
        return self.shop.browser.post(PATH, data={"plans": "show"}, headers=SAME_ORIGIN)

    def bring(self, seen: str, headers: dict[str, str] = SAME_ORIGIN) -> TestResponse:
        """Bring the plans to Genvoris, as the form that shows the steps does."""
        return self.shop.browser.post(PATH, data={"plans": "bring", "seen": seen}, headers=headers)

    def seen(self) -> str:
        """Ask what would change, and return what the form then names it by."""
        found = re.search(r'name="seen" value="(\w+)"', self.show().text)
        assert found
        return found[1]

    def plans(self) -> dict[str, tuple[int, str | None]]:
        """Return the plans on sale at Genvoris, by name."""
        rows = self.genvoris.call("GET", "/plans").get_json()["data"]
        return {
            row["name"]: (row["monthlyTryOns"], row["externalPriceId"])
            for row in rows
            if row["active"]
        }

    def audit(self) -> list[tuple[str, str, str | None, dict[str, Any], dict[str, Any]]]:
        """Return the entries of the audit log, the oldest first."""
        database = self.shop.state.database
        assert database is not None
        return [
            (
                each.change.actor,
                each.change.action,
                each.change.subject,
                dict(each.before),
                dict(each.after),
            )
            for each in reversed(AuditLog(database, self.shop.state.clock).entries(10))
        ]


BEFORE = {"Pro": (9, None), "Old": (7, None)}
AFTER = {"Pro": (100, "p"), "<Atelier>": (30, None)}


@pytest.fixture
def owner(genvoris: LocalGenvoris, tmp_path: Path) -> Owner:
    return Owner(genvoris, tmp_path)


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_preview(owner: Owner) -> None:
    """The steps are listed in words, and nothing is changed."""
    assert "Show what would change at Genvoris" in owner.shop.browser.get(PATH).text
    calls = len(owner.shop.transport.requests)
    answer = owner.show()
    assert answer.status_code == 200
    told = words(answer.text)
    pro = "Changed: Pro Try-ons a month: 100 (before: 9 ) Price id: p (before: nothing)"
    assert pro in told
    assert "New: <Atelier> Try-ons a month: 30" in told
    assert "No longer sold: Old Shoppers who have this plan keep it." in told
    assert {each.method for each in owner.shop.transport.requests[calls:]} == {"GET"}
    assert owner.plans() == BEFORE
    assert owner.audit() == []


def test_bring(owner: Owner) -> None:
    """The steps that were shown are taken, and each is in the audit log."""
    answer = owner.bring(owner.seen())
    assert answer.status_code == 303
    assert owner.plans() == AFTER
    assert owner.audit() == [
        (
            "fen",
            "plan.change",
            "Pro",
            {"monthly_try_ons": 9, "external_price_id": None},
            {"monthly_try_ons": 100, "external_price_id": "p"},
        ),
        ("fen", "plan.create", "<Atelier>", {}, {"name": "<Atelier>", "monthly_try_ons": 30}),
        ("fen", "plan.disable", "Old", {"active": True}, {"active": False}),
    ]
    page = owner.shop.browser.get(answer.location).text
    assert "Genvoris now has the plans of your shop." in page
    assert "Nothing. Genvoris has the plans of your shop." in owner.show().text
    history = words(owner.shop.browser.get("/genvoris/console/history").text)
    assert "Ended the sale of a plan at Genvoris Old On sale yes On sale no" in history


def test_sent_twice(owner: Owner) -> None:
    """A form that is sent twice brings the plans once."""
    seen = owner.seen()
    assert [owner.bring(seen).status_code for _ in range(2)] == [303, 303]
    assert len(owner.audit()) == 3


def test_meanwhile(owner: Owner) -> None:
    """If something else would change than was shown, it is shown anew and nothing is changed."""
    seen = owner.seen()
    owner.genvoris.call("POST", "/plans", {"name": "New at Genvoris", "monthlyTryOns": 1})
    answer = owner.bring(seen)
    assert answer.status_code == 409
    assert "no longer what you saw" in answer.text
    assert "No longer sold: New at Genvoris" in words(answer.text)
    assert owner.bring("").status_code == 409
    assert owner.plans() == {**BEFORE, "New at Genvoris": (1, None)}
    assert owner.audit() == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(503, "Genvoris does not answer now."), (401, "Genvoris refuses the request.")],
)
def test_away(owner: Owner, status: int, sentence: str) -> None:
    """If Genvoris does not answer, or refuses the key, a sentence says that nothing was changed."""
    seen = owner.seen()
    owner.shop.transport.fault = lambda _request: httpx.Response(
        status, json={"error": "invalid_key"}
    )
    for answer in (owner.show(), owner.bring(seen)):
        assert answer.status_code == 503
        assert f"{sentence} Nothing was changed." in answer.text
    assert owner.plans() == BEFORE
    assert owner.audit() == []


def test_stopped(owner: Owner) -> None:
    """If a step fails, the audit log has those before it, and the rest can be brought later."""
    seen = owner.seen()
    owner.shop.transport.fault = lambda request: (
        httpx.Response(403, json={"error": "forbidden"}) if request.method == "POST" else None
    )
    answer = owner.bring(seen)
    assert answer.status_code == 503
    assert "so not everything was done" in answer.text
    assert [entry[1:3] for entry in owner.audit()] == [("plan.change", "Pro")]
    owner.shop.transport.fault = lambda _request: None
    assert owner.bring(owner.seen()).status_code == 303
    assert owner.plans() == AFTER
    assert len(owner.audit()) == 3


def test_busy(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process brings the plans, a sentence says that nothing was changed here."""
    monkeypatch.setattr(plan_catalog, "SYNC_WAIT", 0.01)
    seen = owner.seen()
    with owner.shop.state.store.lock("billing-plans", wait=1, hold=60):
        answer = owner.bring(seen)
    assert answer.status_code == 409
    assert "by somebody else right now" in answer.text
    assert owner.plans() == BEFORE


@pytest.mark.parametrize("name", [None, "ada"])
def test_others(owner: Owner, name: str | None) -> None:
    """Others find nothing there."""
    seen = owner.seen()
    owner.shop.log_in(name)
    assert owner.show().status_code == 404
    assert owner.bring(seen).status_code == 404
    assert owner.plans() == BEFORE


def test_forged_origin(owner: Owner) -> None:
    """Another site's page changes nothing with the owner's cookie."""
    answer = owner.bring(owner.seen(), OTHER_SITE)
    assert answer.status_code == 403
    assert owner.plans() == BEFORE


def test_no_plans(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A shop that declares no plans has no such form, and its plans at Genvoris stay."""
    owner = Owner(genvoris, tmp_path, GENVORIS_PLANS=None)
    assert 'name="plans"' not in owner.shop.browser.get(PATH).text
    assert owner.bring("").status_code == 404
    assert owner.plans() == BEFORE
