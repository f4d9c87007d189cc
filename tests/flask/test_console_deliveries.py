"""The console's page "Deliveries": what did not arrive, what it is about, and "send again"."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from flask import session

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.locales.console import read_group
from genvoris_flask.core.outbox.durable import DurableOutbox
from genvoris_flask.core.outbox.messages import KEEP, KEEP_GIVEN_UP, KINDS, Message
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

PATH = "/genvoris/console/deliveries"
ATTEMPTS = 8
MESSAGES = (
    Message(
        "return", "return:1", {"order_id": "1001", "refunded_amount_cents": 1}, "order:custom:1001"
    ),
    Message(
        "return",
        "return:2",
        {"order_id": "a:<2>", "refunded_amount_cents": 1},
        "order:custom:a:<2>",
    ),
    Message(
        "customer",
        "customer:ada",
        {"external_id": "ada", "status": "PAUSED"},
        "shopper:ada",
        is_state=True,
    ),
    Message("webhook", "webhook:f:1", {"handler": "f", "type": "tryon.failed", "id": "1"}),
)


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop whose owner is logged in, and four messages that did not arrive."""
    shop = ledger_shop(genvoris, tmp_path)
    shop.extension.console_access(lambda: session.get("user") == "fen")
    shop.log_in("fen")
    outbox, database = shop.state.outbox, shop.state.database
    assert isinstance(outbox, DurableOutbox)
    assert database is not None
    for each in MESSAGES:
        outbox.table.put(each)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE genvoris_outbox SET state = 'given_up', attempts = {ATTEMPTS}"
        )
    return shop


def untouched(shop: Shop) -> int:
    """Return how many messages nobody has asked to send again."""
    outbox = shop.state.outbox
    assert isinstance(outbox, DurableOutbox)
    found = outbox.table.messages(("waiting", "sent", "given_up"), 10)
    return [each.attempts for each in found].count(ATTEMPTS)


def test_what_it_is_about(shop: Shop) -> None:
    """Each message says which order or shopper it is about, so that the owner can decide."""
    text = shop.browser.get(PATH).text
    told = [
        " ".join(unescape(re.sub(r"<[^>]+>", " ", each)).split())
        for each in re.findall(r"<tr>\s*<td>(.*?)<br>", text, re.DOTALL)
    ]
    assert sorted(told) == [
        "A returned order 1001",
        "A returned order a:<2>",
        "News for a function of your shop",
        "Whether a shopper may try on ada",
    ]
    assert 'href="/genvoris/console/shopper?id=ada"' in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_long_it_is_kept(shop: Shop, language: str) -> None:
    """The page says after how many days what was given up is deleted, statistics earlier."""
    text = shop.browser.get(PATH, headers={"Accept-Language": language}).text
    found = re.search(r'<p class="soft">(.*?)</p>', text)
    assert found is not None
    assert re.findall(r"\d+", found[1]) == [str(KEEP_GIVEN_UP.days), str(KEEP.days)]


def test_send_again(shop: Shop) -> None:
    """One message is sent again, or all of them, and the page "History" has it."""
    number = re.findall(r'name="message" value="(\d+)"', shop.browser.get(PATH).text)[0]
    shop.browser.post(f"{PATH}/again", data={"message": number}, headers=SAME_ORIGIN)
    assert untouched(shop) == 3
    shop.browser.post(f"{PATH}/again", data={"message": "x"}, headers=SAME_ORIGIN)
    assert untouched(shop) == 3
    shop.browser.post(f"{PATH}/again", headers=SAME_ORIGIN)
    assert untouched(shop) == 0
    history = shop.browser.get("/genvoris/console/history").text
    assert history.count("Sent again") == 2
    assert f"#{number}" in history


def test_kinds() -> None:
    """Every kind of message has words."""
    words = {name for name in read_group("deliveries", "en") if name.startswith("kind.")}
    assert words == {f"kind.{name}" for name in KINDS}
