"""``flask genvoris …``: tables for people, JSON for programs, a sentence for each error."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask import Flask
from werkzeug.serving import make_server

from genvoris_flask.core.webhooks.events import CreditEvent
from tests.support.cli import Ran, run_command
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris

SECRET = "whsec_of_the_tests"


def run(shop: Shop, *arguments: str, typed: str | None = None) -> Ran:
    result = run_command(shop.app, *arguments, typed=typed)
    assert API_KEY not in result.output
    return result


def run_json(shop: Shop, *arguments: str) -> Any:
    result = run(shop, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_plans_are_created_and_listed(shop: Shop) -> None:
    made = run(shop, "plans", "create", "Atelier", "--try-ons", "120", "--price", "price_9")
    assert made.exit_code == 0, made.output
    assert "price_9" in made.output
    lines = run(shop, "plans", "list").output.splitlines()
    assert lines[0].split() == ["ID", "NAME", "TRY-ONS", "A", "MONTH", "PRICE", "ID", "ON", "SALE"]
    assert [line.split()[1:3] for line in lines[1:]] == [["Pro", "3"], ["Atelier", "120"]]
    assert lines[2].split()[3:] == ["price_9", "yes"]
    plans = run_json(shop, "plans", "list")
    assert [plan["monthly_try_ons"] for plan in plans] == [3, 120]


def test_a_disabled_plan_is_listed_only_when_asked_for(shop: Shop) -> None:
    plan = run_json(shop, "plans", "create", "Old", "--try-ons", "1")
    shop.state.client.plans.disable(plan["id"])
    assert [each["name"] for each in run_json(shop, "plans", "list")] == ["Pro"]
    every = run_json(shop, "plans", "list", "--all")
    assert [(each["name"], each["active"]) for each in every] == [("Pro", True), ("Old", False)]


def test_an_empty_list_says_what_to_do(genvoris: LocalGenvoris) -> None:
    shop = Shop(genvoris)
    assert "flask genvoris plans create" in run(shop, "plans", "list").output
    assert run_json(shop, "plans", "list") == []
    assert "no such customers" in run(shop, "customers", "list").output


def test_customers_are_listed_by_status_and_up_to_a_limit(shop: Shop) -> None:
    for number in range(5):
        shop.genvoris.customer(f"s{number}", quota=None)
    shop.state.client.customers.update("s0", status="PAUSED")
    paused = run_json(shop, "customers", "list", "--status", "paused")
    assert [customer["external_id"] for customer in paused] == ["s0"]
    some = run(shop, "customers", "list", "--limit", "3")
    assert len(some.stdout.splitlines()) == 4
    assert "There are more" in some.stderr
    every = run(shop, "customers", "list")
    assert len(every.stdout.splitlines()) == 7
    assert every.stderr == ""


@pytest.mark.parametrize("prefix", ["", "shop-"])
def test_a_customer_is_shown_by_either_id(genvoris: LocalGenvoris, prefix: str) -> None:
    customer_id = genvoris.customer(f"{prefix}ada")
    shop = Shop(genvoris, GENVORIS_EXTERNAL_ID_PREFIX=prefix)
    for name in ("ada", f"{prefix}ada", customer_id):
        assert run_json(shop, "customers", "show", name)["id"] == customer_id
    text = run(shop, "customers", "show", "ada").output
    assert customer_id in text
    assert "ACTIVE" in text


def test_usage_says_what_is_used_and_left(shop: Shop) -> None:
    shop.genvoris.spend(2)
    text = run(shop, "usage", "ada").output
    assert "2 of 3" in text
    usage = run_json(shop, "usage", "ada")
    assert (usage["used"], usage["limit"], usage["remaining"]) == (2, 3, 1)
    assert usage["period_end"].endswith("+00:00")


def test_a_customer_is_cancelled_after_a_question(shop: Shop) -> None:
    shop.log_in()
    page = shop.browser.get("/product").text
    kept = run(shop, "customers", "cancel", "ada", typed="n\n")
    assert kept.exit_code == 1
    assert run_json(shop, "customers", "show", "ada")["status"] == "ACTIVE"
    done = run(shop, "customers", "cancel", "ada", typed="y\n")
    assert done.exit_code == 0
    assert "CANCELLED" in done.stdout
    assert run_json(shop, "customers", "show", "ada")["status"] == "CANCELLED"
    assert "data-end-customer-token" in page
    assert "data-end-customer-token" not in shop.browser.get("/product").text


def test_yes_cancels_without_a_question(shop: Shop) -> None:
    assert run_json(shop, "customers", "cancel", "ada", "--yes")["status"] == "CANCELLED"
    customer_id = shop.genvoris.customer("bob")
    assert run_json(shop, "customers", "cancel", customer_id, "--yes")["external_id"] == "bob"


PLANS = [
    {"name": "Pro", "monthly_try_ons": 50, "external_price_id": "price_pro"},
    {"name": "Atelier", "monthly_try_ons": 120},
]


def test_plans_are_synchronised_after_a_dry_run_and_then_there_is_nothing_to_do(
    genvoris: LocalGenvoris,
) -> None:
    genvoris.plan(name="Pro")
    shop = Shop(genvoris, GENVORIS_PLANS=PLANS)
    dry = run(shop, "plans", "sync", "--dry-run")
    assert "change Pro" in dry.stdout
    assert "create Atelier" in dry.stdout
    assert "Nothing was done" in dry.stderr
    assert [plan["monthly_try_ons"] for plan in run_json(shop, "plans", "list")] == [3]
    changes = run_json(shop, "plans", "sync")
    assert [change["action"] for change in changes] == ["change", "create"]
    assert [plan["monthly_try_ons"] for plan in run_json(shop, "plans", "list")] == [50, 120]
    assert run(shop, "plans", "sync").stdout.startswith("Nothing to do")
    assert run_json(shop, "plans", "sync") == []


def test_plans_that_are_not_declared_cannot_be_synchronised(shop: Shop) -> None:
    result = run(shop, "plans", "sync")
    assert result.exit_code == 1
    assert "GENVORIS_PLANS is not set" in result.stderr


def test_a_plan_is_started_by_price_or_plan_and_once_for_a_sale(genvoris: LocalGenvoris) -> None:
    shop = Shop(genvoris, GENVORIS_PLANS=PLANS, GENVORIS_EXTERNAL_ID_PREFIX="shop-")
    run(shop, "plans", "sync")
    activate = ["customers", "activate", "ada", "--email", "ada@example.com"]
    sold = run_json(shop, *activate, "--price", "price_pro", "--event-id", "evt_1")
    assert (sold["external_id"], sold["email"]) == ("shop-ada", "ada@example.com")
    genvoris.spend(2, "shop-ada")
    assert run(shop, *activate, "--price", "price_pro", "--event-id", "evt_1").exit_code == 0
    assert run_json(shop, "usage", "ada")["used"] == 2
    plan = run_json(shop, "plans", "list")[1]
    run(shop, *activate, "--plan", plan["id"])
    usage = run_json(shop, "usage", "ada")
    assert (usage["plan_name"], usage["used"]) == ("Atelier", 0)


def test_a_sale_of_nothing_or_of_an_unknown_price_is_refused(shop: Shop) -> None:
    nothing = run(shop, "customers", "activate", "ada")
    assert (nothing.exit_code, "--price or --plan" in nothing.stderr) == (2, True)
    unknown = run(shop, "customers", "activate", "ada", "--price", "price_x")
    assert (unknown.exit_code, "flask genvoris plans sync" in unknown.stderr) == (1, True)


def test_a_session_is_minted_and_revoked(shop: Shop) -> None:
    session = run_json(shop, "sessions", "mint", "ada", "--seconds", "120")
    assert session["expires_at"] == shop.genvoris.clock() + 120
    assert shop.genvoris.tryon(session["token"]).status_code == 200
    done = run(shop, "sessions", "revoke", "ada", session["jti"])
    assert done.output == f"{session['jti']} is revoked.\n"
    again = run(shop, "sessions", "revoke", "ada", session["jti"], "--json")
    assert json.loads(again.output) == {"jti": session["jti"], "revoked": True}
    assert shop.genvoris.tryon(session["token"]).status_code == 401
    assert "token" in run(shop, "sessions", "mint", "ada").output


def test_the_widgets_files_are_named_with_their_integrity(shop: Shop) -> None:
    files = run_json(shop, "widget-hash")
    page = shop.browser.get("/product").text
    (widget,) = (each for each in files if each["name"] == "widget.js")
    assert widget["hashed_name"] in page
    assert widget["integrity"] in run(shop, "widget-hash").output


def test_check_can_be_read_by_programs(shop: Shop) -> None:
    result = run(shop, "check", "--json")
    findings = json.loads(result.stdout)
    assert {"reach", "key", "store", "widget"} <= {finding["name"] for finding in findings}
    assert result.exit_code == (0 if all(finding["ok"] for finding in findings) else 1)


def test_check_says_when_functions_wait_for_webhooks_that_cannot_be_verified(
    shop: Shop, hearing: Shop
) -> None:
    assert finding(shop, "webhooks")["ok"]
    shop.extension.on("*")(print)
    assert not finding(shop, "webhooks")["ok"]
    assert "set GENVORIS_WEBHOOK_SECRET" in finding(shop, "webhooks")["text"]
    hearing.extension.on("*")(print)
    assert "are accepted at /genvoris/webhook." in finding(hearing, "webhooks")["text"]


def finding(shop: Shop, name: str) -> dict[str, Any]:
    """Return what ``check`` found under a name."""
    findings = json.loads(run(shop, "check", "--json").stdout)
    found: dict[str, Any] = next(each for each in findings if each["name"] == name)
    return found


def test_check_asks_for_trusted_hosts(shop: Shop) -> None:
    """It insists when a product picture is fetched by the shop's own engine."""
    found = finding(shop, "hosts")
    assert (found["ok"], found["warning"]) == (True, True)
    assert "Set TRUSTED_HOSTS" in found["text"]
    shop.extension.tryon_engine(lambda photo, product, shopper: b"")
    found = finding(shop, "hosts")
    assert not found["ok"]
    assert "Set TRUSTED_HOSTS" in found["text"]
    shop.app.config["TRUSTED_HOSTS"] = ["localhost"]
    found = finding(shop, "hosts")
    assert (found["ok"], found["warning"]) == (True, False)
    assert "Set TRUSTED_HOSTS" not in found["text"]


def test_check_asks_for_a_paywall(genvoris: LocalGenvoris) -> None:
    """Without an address or a paywall of its own, a shop offers shoppers over quota nothing."""
    shop = Shop(genvoris, GENVORIS_UPGRADE_URL=None)
    found = finding(shop, "paywall")
    assert (found["ok"], found["warning"]) == (True, True)
    assert "GENVORIS_UPGRADE_URL" in found["text"]
    shop.extension.paywall(lambda refusal: None)
    assert not finding(shop, "paywall")["warning"]


ERRORS = {
    "no such customer": (["usage", "nobody"], 404, 1, "Genvoris knows nothing by this id"),
    "a wrong key": (["plans", "list"], 401, 1, "copy GENVORIS_API_KEY once more"),
    "a suspended account": (["plans", "list"], 403, 1, "does not allow this"),
    "too often": (["plans", "list"], 429, 3, "try again later"),
    "down": (["plans", "list"], 500, 3, "Genvoris failed: try again later"),
    "wrong fields": (["plans", "create", "x", "--try-ons", "1"], 400, 1, "Genvoris refuses this"),
    "no JSON": (["plans", "list"], 200, 1, "The answer is not Genvoris's"),
}


@pytest.mark.parametrize(("arguments", "status", "code", "text"), ERRORS.values(), ids=ERRORS)
def test_each_error_has_a_sentence_and_a_status(
    shop: Shop, arguments: list[str], status: int, code: int, text: str
) -> None:
    said = {"error": "x", "detail": f"said so of {API_KEY}"}
    answer = {"headers": {"Retry-After": "60"}, **({"json": said} if status > 200 else {})}
    shop.transport.fault = lambda request: httpx.Response(status, **answer)  # type: ignore[arg-type]
    result = run(shop, *arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert text in result.stderr
    assert "Traceback" not in result.output


def test_a_shopper_who_is_paused_is_named_as_such(shop: Shop) -> None:
    shop.state.client.customers.update("ada", status="PAUSED")
    result = run(shop, "sessions", "mint", "ada")
    assert result.exit_code == 1
    assert "paused or cancelled" in result.stderr


def test_no_answer_at_all_is_told_apart_for_programs(shop: Shop) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    shop.transport.fault = refuse
    result = run(shop, "plans", "list")
    assert result.exit_code == 3
    assert "does not answer: check GENVORIS_API_URL" in result.stderr


def test_a_plan_that_may_have_been_created_is_not_said_to_work_later(shop: Shop) -> None:
    create = ["plans", "create", "Pro", "--try-ons", "5"]

    def lose_the_answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    for fault in (lose_the_answer, lambda request: httpx.Response(502)):
        shop.transport.fault = fault
        result = run(shop, *create)
        assert (result.exit_code, "plans list --all" in result.stderr) == (1, True)
    shop.transport.fault = refuse
    result = run(shop, *create)
    assert (result.exit_code, "plans list --all" in result.stderr) == (3, False)


def test_an_app_without_the_extension_is_told_so() -> None:
    result = run_command(Flask("bare"), "plans", "list")
    assert result.exit_code == 1
    assert "GenvorisFlask(app)" in result.output


def test_a_command_that_is_written_wrongly_is_status_2(shop: Shop) -> None:
    for arguments in (["plans", "create", "x"], ["usage"], ["customers", "list", "--status", "x"]):
        assert run(shop, *arguments).exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        *(["customers", "show", ""], ["customers", "cancel", "", "--yes"], ["usage", " "]),
        *(["sessions", "mint", ""], ["sessions", "revoke", "ada", ""]),
        ["customers", "activate", "", "--price", "price_pro"],
        ["customers", "activate", "ada", "--price", "price_pro", "--event-id", ""],
        ["plans", "create", "", "--try-ons", "5"],
    ],
    ids=" ".join,
)
def test_a_variable_that_was_not_set_is_a_command_written_wrongly(
    shop: Shop, command: list[str]
) -> None:
    result = run(shop, *command)
    assert (result.exit_code, "it is empty" in result.stderr) == (2, True)


def test_a_store_that_is_away_may_answer_later(genvoris: LocalGenvoris) -> None:
    shop = Shop(genvoris, GENVORIS_STORE_URL="redis://127.0.0.1:1/0")
    sale = ["customers", "activate", "ada", "--plan", "pln_1", "--event-id", "e1"]
    result = run(shop, *sale)
    assert (result.exit_code, "delivers it again" in result.stderr) == (3, True)


def test_what_comes_from_elsewhere_cannot_steer_the_terminal(shop: Shop) -> None:
    shop.state.client.plans.create(name="\x1b[31mRed\x07", monthly_try_ons=1)
    assert "\x1b" not in run(shop, "plans", "list").output


@pytest.fixture
def hearing(genvoris: LocalGenvoris) -> Shop:
    return Shop(genvoris, GENVORIS_WEBHOOK_SECRET=f"{SECRET},older")


HOOK = "http://127.0.0.1:9/genvoris/webhook"


def test_an_endpoint_is_made_for_what_the_shop_listens_to(hearing: Shop) -> None:
    """By the names that Genvoris publishes, and with the first of the secrets."""
    for name in ("customer.quota_warning", "end_customer.period_rolled", "tryon.completed"):
        hearing.extension.on(name)(print)
    made = run(hearing, "webhooks", "create", HOOK, "--description", "the shop")
    assert made.exit_code == 0, made.output
    assert SECRET not in made.output
    (endpoint,) = run_json(hearing, "webhooks", "list")
    assert endpoint["events"] == [
        "end_customer.period_rolled",
        "end_customer.quota_warning",
        "tryon.completed",
    ]
    assert (endpoint["url"], endpoint["description"]) == (HOOK, "the shop")
    (sent,) = [
        json.loads(each.content)
        for each in hearing.transport.requests
        if (each.method, each.url.path) == ("POST", "/api/v1/webhooks")
    ]
    assert sent["secret"] == SECRET


def test_a_shop_that_listens_to_everything_is_sent_everything_once(hearing: Shop) -> None:
    hearing.extension.on("*")(print)
    events = run_json(hearing, "webhooks", "create", HOOK)["events"]
    assert {"tryon.failed", "customer.quota_exhausted", "end_customer.created"} <= set(events)
    assert "end_customer.quota_exhausted" not in events, "it would come under both of its names"
    assert "webhook.test" not in events


def test_the_events_of_an_endpoint_may_be_named(hearing: Shop) -> None:
    options = ["--event", "customer.quota_warning", "--event", "plan.created"]
    made = run_json(hearing, "webhooks", "create", HOOK, *options)
    assert made["events"] == ["end_customer.quota_warning", "plan.created"]
    wrong = run(hearing, "webhooks", "create", HOOK, "--event", "tryon.danced")
    assert (wrong.exit_code, "must be one of" in wrong.stderr) == (1, True)


def test_an_endpoint_needs_a_secret_an_address_and_events(shop: Shop, hearing: Shop) -> None:
    result = run(shop, "webhooks", "create", HOOK, "--event", "plan.created")
    assert (result.exit_code, "GENVORIS_WEBHOOK_SECRET is not set" in result.stderr) == (1, True)
    result = run(hearing, "webhooks", "create", HOOK)
    assert (result.exit_code, "--event" in result.stderr) == (1, True)
    assert run(hearing, "webhooks", "create", "shop.example/webhook").exit_code == 2
    assert run(hearing, "webhooks", "create", "").exit_code == 2
    assert "webhooks create --help" in run(hearing, "webhooks", "list").output


def test_a_second_endpoint_for_an_address_is_warned_of(hearing: Shop) -> None:
    """It is made all the same, since a secret is changed that way."""
    first = run_json(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    second = run(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    assert (second.exit_code, f"{first['id']} sends to this address too" in second.stderr) == (
        0,
        True,
    )
    assert len(run_json(hearing, "webhooks", "list")) == 2


def test_an_endpoint_is_listed_tested_and_deleted(hearing: Shop) -> None:
    made = run_json(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    lines = run(hearing, "webhooks", "list").output.splitlines()
    assert lines[0].split()[:3] == ["ID", "URL", "EVENTS"]
    assert lines[1].split()[:4] == [made["id"], HOOK, "plan.created", "yes"]
    event_id = run_json(hearing, "webhooks", "test", made["id"])["event_id"]
    (sent,) = hearing.genvoris.http.get("/sandbox/deliveries").get_json()["data"]
    assert (sent["type"], sent["eventId"]) == ("webhook.test", event_id)
    assert "is on its way" in run(hearing, "webhooks", "test", made["id"]).output
    kept = run(hearing, "webhooks", "delete", made["id"], typed="n")
    assert (kept.exit_code, HOOK in kept.stderr) == (1, True)
    assert run(hearing, "webhooks", "delete", made["id"], "--yes").exit_code == 0
    assert run_json(hearing, "webhooks", "list") == []
    for command in ("test", "delete"):
        gone = run(hearing, "webhooks", command, made["id"], *(["--yes"] * (command == "delete")))
        assert (gone.exit_code, "knows nothing by this id" in gone.stderr) == (1, True)


def test_an_endpoint_that_may_have_been_made_is_not_said_to_work_later(hearing: Shop) -> None:
    def lose(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(502) if request.method == "POST" else None

    hearing.transport.fault = lose
    result = run(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    assert (result.exit_code, "may be there all the same" in result.stderr) == (1, True)


def test_a_test_delivery_runs_the_shops_own_functions(hearing: Shop) -> None:
    seen: list[CreditEvent] = []
    hearing.extension.on("credit.low_balance")(seen.append)
    hearing.extension.on("credit.low_balance", background=True)(seen.append)
    arguments = ["--type", "credit.low_balance", "--data", '{"balance": 12}', "--id", "evt_7"]
    result = run(hearing, "webhook-test", *arguments)
    assert result.exit_code == 0, result.output
    assert [event.balance for event in seen] == [12, 12]
    assert "evt_7" in result.output
    assert '"duplicate":false' in result.output
    again = run_json(hearing, "webhook-test", *arguments)
    assert again["status"] == 200
    assert json.loads(again["answer"])["duplicate"] is True
    assert SECRET not in result.output


def test_a_test_delivery_that_is_refused_ends_with_status_1(hearing: Shop) -> None:
    hearing.extension.on("*")(lambda event: 1 / 0)
    result = run(hearing, "webhook-test")
    assert result.exit_code == 1
    assert "The shop answered 500, so Genvoris would deliver this again." in result.stderr


def test_a_test_delivery_needs_a_secret_and_an_object(shop: Shop, hearing: Shop) -> None:
    result = run(shop, "webhook-test")
    assert (result.exit_code, "GENVORIS_WEBHOOK_SECRET is not set" in result.stderr) == (1, True)
    for data in ("{", "[]", "7"):
        assert run(hearing, "webhook-test", "--data", data).exit_code == 2
    assert run(hearing, "webhook-test", "--url", "shop.example/webhook").exit_code == 2


@pytest.fixture
def served(hearing: Shop) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, hearing.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/genvoris/webhook"
    server.shutdown()
    thread.join()


def test_a_test_delivery_goes_to_a_running_shop_by_url(hearing: Shop, served: str) -> None:
    # The shop's clock is the tests'; this delivery is signed now.
    old = run(hearing, "webhook-test", "--url", served)
    assert old.exit_code == 1
    assert "invalid_signature" in old.output
    hearing.genvoris.clock.now = time.time()
    assert run_json(hearing, "webhook-test", "--url", served)["status"] == 200
    away = run(hearing, "webhook-test", "--url", "http://127.0.0.1:9/genvoris/webhook")
    assert (away.exit_code, "does the shop run there?" in away.stderr) == (3, True)
