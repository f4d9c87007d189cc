"""The ``flask genvoris`` commands: tables, JSON, and error messages."""

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

from genvoris_flask.core.billing.plan_catalog import GRANTED, UNLIMITED
from genvoris_flask.core.webhooks.events import CreditEvent
from genvoris_flask.web.health_checks.charging import check_charging
from tests.support.cli import CommandResult, run_command
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris

SECRET = "whsec_of_the_tests"


def run(shop: Shop, *arguments: str, typed: str | None = None) -> CommandResult:
    result = run_command(shop.app, *arguments, typed=typed)
    assert API_KEY not in result.output
    return result


def run_json(shop: Shop, *arguments: str) -> Any:
    result = run(shop, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_plans(shop: Shop) -> None:
    """Plans are created and listed."""
    made = run(shop, "plans", "create", "Atelier", "--try-ons", "120", "--price", "price_9")
    assert made.exit_code == 0, made.output
    assert "price_9" in made.output
    lines = run(shop, "plans", "list").output.splitlines()
    assert lines[0].split() == ["ID", "NAME", "TRY-ONS", "A", "MONTH", "PRICE", "ID", "ON", "SALE"]
    assert [line.split()[1:3] for line in lines[1:]] == [["Pro", "3"], ["Atelier", "120"]]
    assert lines[2].split()[3:] == ["price_9", "yes"]
    plans = run_json(shop, "plans", "list")
    assert [plan["monthly_try_ons"] for plan in plans] == [3, 120]


def test_disabled_plan_is_hidden(shop: Shop) -> None:
    """A disabled plan is only listed with --all."""
    plan = run_json(shop, "plans", "create", "Old", "--try-ons", "1")
    shop.state.client.plans.disable(plan["id"])
    assert [each["name"] for each in run_json(shop, "plans", "list")] == ["Pro"]
    every = run_json(shop, "plans", "list", "--all")
    assert [(each["name"], each["active"]) for each in every] == [("Pro", True), ("Old", False)]


def test_empty_list(genvoris: LocalGenvoris) -> None:
    """An empty list says what to do."""
    shop = Shop(genvoris)
    assert "flask genvoris plans create" in run(shop, "plans", "list").output
    assert run_json(shop, "plans", "list") == []
    assert "no such customers" in run(shop, "customers", "list").output


def test_customers_list(shop: Shop) -> None:
    """Customers are listed by status and up to a limit."""
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
def test_customer_by_either_id(genvoris: LocalGenvoris, prefix: str) -> None:
    """A customer is shown by Genvoris's id or the shop's."""
    customer_id = genvoris.customer(f"{prefix}ada")
    shop = Shop(genvoris, GENVORIS_EXTERNAL_ID_PREFIX=prefix)
    for name in ("ada", f"{prefix}ada", customer_id):
        assert run_json(shop, "customers", "show", name)["id"] == customer_id
    text = run(shop, "customers", "show", "ada").output
    assert customer_id in text
    assert "ACTIVE" in text


def test_usage(shop: Shop) -> None:
    """The usage is what is used and left."""
    shop.genvoris.spend(2)
    text = run(shop, "usage", "ada").output
    assert "2 of 3" in text
    usage = run_json(shop, "usage", "ada")
    assert (usage["used"], usage["limit"], usage["remaining"]) == (2, 3, 1)
    assert usage["period_end"].endswith("+00:00")


def test_cancel_asks(shop: Shop) -> None:
    """A customer is cancelled after a confirmation."""
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


def test_cancel_with_yes(shop: Shop) -> None:
    """A customer is cancelled with --yes without a confirmation."""
    assert run_json(shop, "customers", "cancel", "ada", "--yes")["status"] == "CANCELLED"
    customer_id = shop.genvoris.customer("bob")
    assert run_json(shop, "customers", "cancel", customer_id, "--yes")["external_id"] == "bob"


PLANS = [
    {"name": "Pro", "monthly_try_ons": 50, "external_price_id": "price_pro"},
    {"name": "Atelier", "monthly_try_ons": 120},
]


def test_plans_sync(
    genvoris: LocalGenvoris,
) -> None:
    """Plans are synchronized once, after a dry run."""
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


def test_plans_sync_needs_plans(shop: Shop) -> None:
    """Without GENVORIS_PLANS there is nothing to synchronize."""
    result = run(shop, "plans", "sync")
    assert result.exit_code == 1
    assert "GENVORIS_PLANS is not set" in result.stderr


def test_activate(genvoris: LocalGenvoris) -> None:
    """A plan is started by price or plan, and once for a sale."""
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


def test_activate_needs_known_plan(shop: Shop) -> None:
    """A sale without a plan, or with an unknown price, is refused."""
    nothing = run(shop, "customers", "activate", "ada")
    assert (nothing.exit_code, "--price or --plan" in nothing.stderr) == (2, True)
    unknown = run(shop, "customers", "activate", "ada", "--price", "price_x")
    assert (unknown.exit_code, "flask genvoris plans sync" in unknown.stderr) == (1, True)


def test_sessions(shop: Shop) -> None:
    """A session is minted and revoked."""
    session = run_json(shop, "sessions", "mint", "ada", "--seconds", "120")
    assert session["expires_at"] == shop.genvoris.clock() + 120
    assert shop.genvoris.tryon(session["token"]).status_code == 200
    done = run(shop, "sessions", "revoke", "ada", session["jti"])
    assert done.output == f"{session['jti']} is revoked.\n"
    again = run(shop, "sessions", "revoke", "ada", session["jti"], "--json")
    assert json.loads(again.output) == {"jti": session["jti"], "revoked": True}
    assert shop.genvoris.tryon(session["token"]).status_code == 401
    assert "token" in run(shop, "sessions", "mint", "ada").output


def test_widget_hash(shop: Shop) -> None:
    """The widget's files are listed with their integrity."""
    files = run_json(shop, "widget-hash")
    page = shop.browser.get("/product").text
    (widget,) = (each for each in files if each["name"] == "widget.js")
    assert widget["hashed_name"] in page
    assert widget["integrity"] in run(shop, "widget-hash").output


def test_check_as_json(shop: Shop) -> None:
    """The findings of check can be printed as JSON."""
    result = run(shop, "check", "--json")
    findings = json.loads(result.stdout)
    assert {"reach", "key", "store", "widget"} <= {finding["name"] for finding in findings}
    assert result.exit_code == (0 if all(finding["ok"] for finding in findings) else 1)


def test_check_unverifiable_webhooks(shop: Shop, hearing: Shop) -> None:
    """Check reports handlers for webhooks that cannot be verified."""
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


def test_check_after_ledger(shop: Shop) -> None:
    """Check reports shoppers whom Genvoris still refuses nothing, because a ledger counted them."""
    names = [each["name"] for each in json.loads(run(shop, "check", "--json").stdout)]
    assert "ledger" not in names
    price = f"{GRANTED}{UNLIMITED}"
    with shop.app.app_context():
        client = shop.extension.client
        plan = client.plans.create(
            name="Counted", monthly_try_ons=UNLIMITED, external_price_id=price
        )
        client.customers.upsert(external_id="ada", plan_id=plan.id)
    found = finding(shop, "ledger")
    assert not found["ok"]
    assert "Genvoris refuses them nothing" in found["text"]


def test_check_trusted_hosts(shop: Shop) -> None:
    """Unrestricted hosts cause a warning, and an error if the shop fetches pictures."""
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


@pytest.mark.parametrize(
    ("config", "advice"),
    [
        ({"GENVORIS_ALLOW_GUESTS": True}, "set GENVORIS_SHOP_TRYONS_PER_DAY"),
        ({"GENVORIS_TRYONS_PER_DAY": 5}, "set GENVORIS_STORE_URL"),
        ({}, None),
    ],
)
def test_check_daily_limits(
    genvoris: LocalGenvoris, config: dict[str, Any], advice: str | None
) -> None:
    """A shop that nothing keeps from paying for any number of try-ons is told so."""
    found = list(check_charging(Shop(genvoris, **config).state))
    assert [each.warning for each in found] == ([True] if advice else [])
    assert all(str(advice) in each.text for each in found)


def test_check_paywall(genvoris: LocalGenvoris) -> None:
    """Check warns if there is no paywall."""
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
def test_errors_and_statuses(
    shop: Shop, arguments: list[str], status: int, code: int, text: str
) -> None:
    """Each error has a sentence and an exit status."""
    said = {"error": "x", "detail": f"said so of {API_KEY}"}
    answer = {"headers": {"Retry-After": "60"}, **({"json": said} if status > 200 else {})}
    shop.transport.fault = lambda request: httpx.Response(status, **answer)  # type: ignore[arg-type]
    result = run(shop, *arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert text in result.stderr
    assert "Traceback" not in result.output


def test_paused_shopper(shop: Shop) -> None:
    """The error for a paused shopper says so."""
    shop.state.client.customers.update("ada", status="PAUSED")
    result = run(shop, "sessions", "mint", "ada")
    assert result.exit_code == 1
    assert "paused or cancelled" in result.stderr


def test_no_answer_is_status_3(shop: Shop) -> None:
    """If Genvoris does not answer the exit status is 3."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    shop.transport.fault = refuse
    result = run(shop, "plans", "list")
    assert result.exit_code == 3
    assert "does not answer: check GENVORIS_API_URL" in result.stderr


def test_uncertain_plan(shop: Shop) -> None:
    """A plan that may have been created is not to be retried."""
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


def test_app_without_extension() -> None:
    """An app without the extension is reported."""
    result = run_command(Flask("bare"), "plans", "list")
    assert result.exit_code == 1
    assert "GenvorisFlask(app)" in result.output


def test_wrong_usage_is_status_2(shop: Shop) -> None:
    """Wrong usage has the exit status 2."""
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
def test_empty_argument_is_status_2(shop: Shop, command: list[str]) -> None:
    """An empty argument has the exit status 2."""
    result = run(shop, *command)
    assert (result.exit_code, "it is empty" in result.stderr) == (2, True)


def test_unavailable_store_is_status_3(genvoris: LocalGenvoris) -> None:
    """An unavailable store has the exit status 3."""
    shop = Shop(genvoris, GENVORIS_STORE_URL="redis://127.0.0.1:1/0")
    sale = ["customers", "activate", "ada", "--plan", "pln_1", "--event-id", "e1"]
    result = run(shop, *sale)
    assert (result.exit_code, "delivers it again" in result.stderr) == (3, True)


def test_control_characters_are_replaced(shop: Shop) -> None:
    """Foreign values cannot control the terminal."""
    shop.state.client.plans.create(name="\x1b[31mRed\x07", monthly_try_ons=1)
    assert "\x1b" not in run(shop, "plans", "list").output


@pytest.fixture
def hearing(genvoris: LocalGenvoris) -> Shop:
    return Shop(genvoris, GENVORIS_WEBHOOK_SECRET=f"{SECRET},older")


HOOK = "http://127.0.0.1:9/genvoris/webhook"


def test_webhooks_create(hearing: Shop) -> None:
    """An endpoint subscribes to the events of the shop's handlers."""
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


def test_webhooks_create_for_any_event(hearing: Shop) -> None:
    """A handler for all events subscribes to each of them once."""
    hearing.extension.on("*")(print)
    events = run_json(hearing, "webhooks", "create", HOOK)["events"]
    assert {"tryon.failed", "customer.quota_exhausted", "end_customer.created"} <= set(events)
    assert "end_customer.quota_exhausted" not in events, "it would come under both of its names"
    assert "webhook.test" not in events


def test_webhooks_create_with_events(hearing: Shop) -> None:
    """The events of an endpoint can be given."""
    options = ["--event", "customer.quota_warning", "--event", "plan.created"]
    made = run_json(hearing, "webhooks", "create", HOOK, *options)
    assert made["events"] == ["end_customer.quota_warning", "plan.created"]
    wrong = run(hearing, "webhooks", "create", HOOK, "--event", "tryon.danced")
    assert (wrong.exit_code, "must be one of" in wrong.stderr) == (1, True)


def test_webhooks_create_needs(shop: Shop, hearing: Shop) -> None:
    """An endpoint needs a secret, a URL and events."""
    result = run(shop, "webhooks", "create", HOOK, "--event", "plan.created")
    assert (result.exit_code, "GENVORIS_WEBHOOK_SECRET is not set" in result.stderr) == (1, True)
    result = run(hearing, "webhooks", "create", HOOK)
    assert (result.exit_code, "--event" in result.stderr) == (1, True)
    assert run(hearing, "webhooks", "create", "shop.example/webhook").exit_code == 2
    assert run(hearing, "webhooks", "create", "").exit_code == 2
    assert "webhooks create --help" in run(hearing, "webhooks", "list").output


def test_webhooks_create_once(hearing: Shop) -> None:
    """With --once, a URL that has an endpoint keeps it, and gets no second one."""
    create = ["webhooks", "create", HOOK, "--event", "plan.created", "--once"]
    first, second = (run_json(hearing, *create) for _ in range(2))
    assert second == first
    assert len(run_json(hearing, "webhooks", "list")) == 1


def test_webhooks_create_warns_of_duplicates(hearing: Shop) -> None:
    """A second endpoint for a URL causes a warning."""
    first = run_json(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    second = run(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    assert (second.exit_code, f"{first['id']} sends to this address too" in second.stderr) == (
        0,
        True,
    )
    assert len(run_json(hearing, "webhooks", "list")) == 2


def test_webhooks_list_test_delete(hearing: Shop) -> None:
    """An endpoint is listed, tested and deleted."""
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


def test_uncertain_endpoint(hearing: Shop) -> None:
    """An endpoint that may have been created is not to be retried."""

    def lose(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(502) if request.method == "POST" else None

    hearing.transport.fault = lose
    result = run(hearing, "webhooks", "create", HOOK, "--event", "plan.created")
    assert (result.exit_code, "may be there all the same" in result.stderr) == (1, True)


def test_webhook_test(hearing: Shop) -> None:
    """A test delivery runs the shop's handlers."""
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


def test_refused_webhook_test_is_status_1(hearing: Shop) -> None:
    """A refused test delivery has the exit status 1."""
    hearing.extension.on("*")(lambda event: 1 / 0)
    result = run(hearing, "webhook-test")
    assert result.exit_code == 1
    assert "The shop answered 500, so Genvoris would deliver this again." in result.stderr


def test_webhook_test_needs(shop: Shop, hearing: Shop) -> None:
    """A test delivery needs a secret and a JSON object."""
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


def test_webhook_test_by_url(hearing: Shop, served: str) -> None:
    """A test delivery can be sent to a running shop."""
    # The shop's clock is the tests'; this delivery is signed now.
    old = run(hearing, "webhook-test", "--url", served)
    assert old.exit_code == 1
    assert "invalid_signature" in old.output
    hearing.genvoris.clock.now = time.time()
    assert run_json(hearing, "webhook-test", "--url", served)["status"] == 200
    away = run(hearing, "webhook-test", "--url", "http://127.0.0.1:9/genvoris/webhook")
    assert (away.exit_code, "does the shop run there?" in away.stderr) == (3, True)
