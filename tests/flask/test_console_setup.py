"""The console's pages "Set-up": what they show, what they change, and what they never say."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Response, session
from werkzeug.test import TestResponse

from genvoris_flask import genvoris_button, genvoris_widget
from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.locales.console import read_group
from genvoris_flask.settings.changeable import CHANGEABLE
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.unit.test_changeable_settings import VALUES

PAGES = (
    "",
    "/charging",
    "/button",
    "/texts",
    "/wording",
    "/limits",
    "/products",
    "/export",
    "/button/preview",
)
# What each kind of setting has in its form.
FORMS = {
    "GENVORIS_PACKS": {"packs_try_ons": "1", "packs_price": "0.99 €"},
    "GENVORIS_CREDITS": {"credits": "2", "credits_per": "per_item"},
    "GENVORIS_BUTTON": {"button_label": "Anprobieren", "button_showOnCards": "yes"},
    "GENVORIS_HOLDOUT": {"holdout": "12.5"},
    "GENVORIS_TEXTS": {"language": "de", "text.title": "Am Körper"},
}
EMPTY_PACK = {"packs_title": "", "packs_external_price_id": ""}


class Console:
    """The console of a shop, as its owner uses it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        shop.extension.console_access(lambda: session.get("user") == "fen")
        shop.log_in("fen")

    def get(self, path: str = "", **query: Any) -> str:
        answer = self.shop.browser.get(f"/genvoris/console/setup{path}", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self.shop.browser.post(
            f"/genvoris/console/setup{path}", data=fields, headers=SAME_ORIGIN
        )

    def stored(self) -> dict[str, Any]:
        """Return what was changed."""
        live = self.shop.state.live
        assert live is not None
        return dict(live.table.read().values)

    def form(self, path: str) -> dict[str, Any]:
        """Return what a browser would send of a page's form if nothing was typed."""
        return self.read(self.get(path))

    def read(self, page: str) -> dict[str, Any]:
        """Return what a browser would send of the form of a page that is open."""
        text = page.split('<form method="post" class="sheet"')[1].split("</form>")[0]
        fields: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", text):
            attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if attributes.get("type") == "checkbox" and " checked" not in tag:
                continue
            value = html.unescape(attributes.get("value", ""))
            fields.setdefault(attributes["name"], []).append(value)
        select = re.compile(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', re.DOTALL)
        for name, options in select.findall(text):
            chosen = re.search(r'value="([^"]*)" selected', options)
            first = re.search(r'value="([^"]*)"', options)
            found = chosen or first
            assert found
            fields[name] = [found[1]]
        return fields


@pytest.fixture
def console(genvoris: LocalGenvoris, tmp_path: Path) -> Console:
    return Console(ledger_shop(genvoris, tmp_path))


def typed(key: str) -> dict[str, Any]:
    """Return what is typed into a page's form for a setting's example."""
    declared, value = CHANGEABLE[key], VALUES[key][0]
    if key in FORMS:
        return FORMS[key]
    if declared.kind == "flag":
        return {declared.name: "yes" if value else []}
    return {declared.name: value if isinstance(value, list) else str(value)}


def test_each(console: Console) -> None:
    """Each setting can be changed on its page, and be returned to what ``app.config`` says."""
    console.post("/charging", **console.form("/charging"))
    for key, declared in CHANGEABLE.items():
        before = getattr(console.shop.state.settings, declared.name)
        path = f"/{declared.group}"
        saved = console.post(path, **{**console.form(path), **typed(key)})
        assert saved.status_code == 303, (key, saved.text)
        expected = declared.check(VALUES[key][0])
        assert getattr(console.shop.state.settings, declared.name) == expected, key
        assert console.stored().keys() == {key}, "what was not typed stays as it is"
        assert "Changed here." in console.get(path)
        assert console.post(path, **console.form(path)).status_code == 303
        assert console.stored().keys() == {key}
        assert console.post(path, reset=key).status_code == 303
        assert getattr(console.shop.state.settings, declared.name) == before, key


def test_wrong(console: Console) -> None:
    """A wrong value is refused with words beside its field, and what was typed stays there."""
    for key, declared in CHANGEABLE.items():
        value = VALUES[key][1]
        if (
            declared.kind in ("flag", "packs", "credits", "button", "wording")
            or not str(value).strip()
        ):
            continue
        path, name = f"/{declared.group}", declared.name
        answer = console.post(path, **{**console.form(path), name: value})
        assert answer.status_code == 422, key
        described = rf'<(?:input|fieldset)[^>]*aria-describedby="[^"]*{name}-problem"'
        assert re.search(described, answer.text), key
        assert re.search(rf'id="{name}-problem">[^<]+<', answer.text), key
        if not isinstance(value, list):
            assert f'value="{html.escape(str(value))}"' in answer.text, key
    assert console.stored() == {}


@pytest.mark.parametrize(
    ("path", "fields", "problem"),
    [
        ("/charging", {"packs_try_ons": "0", "packs_price": "1 €"}, "packs-problem"),
        ("/charging", {"packs_try_ons": "one", "packs_price": "1 €"}, "packs-problem"),
        ("/charging", {"credits": "0", "credits_per": "per_item"}, "credits-problem"),
        ("/charging", {"credits": "2", "credits_per": "per_moon"}, "credits-problem"),
        ("/charging", {"charging": "freemium"}, "charging-problem"),
        ("/charging", {"charging": "pay_per_use"}, "charging-problem"),
        ("/button", {"button_label": "x" * 21}, "button_label-problem"),
        ("/button", {"button_borderRadius": "41"}, "button_borderRadius-problem"),
        ("/button", {"button_fontSize": "big"}, "button_fontSize-problem"),
        ("/button", {"button_icon": "unicorn"}, "button_icon-problem"),
        ("/products", {"categories": []}, "categories-problem"),
    ],
)
def test_wrong_parts(console: Console, path: str, fields: dict[str, Any], problem: str) -> None:
    """What is wrong with a part of a setting is said beside it, and nothing is saved."""
    given = {**console.form(path), "shop_name": "Good", **fields}
    if "packs_try_ons" in fields:
        given |= EMPTY_PACK
    answer = console.post(path, **given)
    assert answer.status_code == 422
    assert f'id="{problem}"' in answer.text
    assert console.stored() == {}


def test_ways_that_lack_something(console: Console) -> None:
    """A way to charge is refused in words of the page's language, until it has what it needs."""
    form = console.form("/charging")
    refused = console.post("/charging", **{**form, "charging": "freemium"})
    assert "The free start needs a number of free try-ons, below." in refused.text
    saved = console.post("/charging", **{**form, "charging": "freemium", "free_tryons": "3"})
    assert saved.status_code == 303
    assert console.shop.state.settings.charging == ("freemium",)


@pytest.mark.parametrize("wrong", ["50.01", "51", "-1", "ten", "1/10", "nan", "inf"])
def test_wrong_share(console: Console, wrong: str) -> None:
    """A share that is no number of per cent up to 50 is refused, and nothing is saved."""
    answer = console.post("/limits", **{**console.form("/limits"), "holdout": wrong})
    assert answer.status_code == 422
    assert "Enter a number from 0 to 50, or nothing." in answer.text
    assert f'name="holdout" value="{wrong}"' in answer.text
    assert console.stored() == {}


def test_hold_out(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The share of visitors without a button is typed in per cent, and applies at once."""
    console = Console(ledger_shop(genvoris, tmp_path, GENVORIS_HOLDOUT=0.07333))
    assert console.form("/limits")["holdout"] == ["7.33"]
    console.post("/limits", **console.form("/limits"))
    assert console.stored() == {}
    assert 'media="print"' not in console.shop.browser.get("/product").text
    console.post("/limits", **{**console.form("/limits"), "holdout": "0"})
    assert 'media="print"' in console.shop.browser.get("/product").text
    for typed, share in {"0.125 %": 0.0012, "\u0661\u0660\u066a": 0.1, "12,5": 0.125}.items():
        console.post("/limits", **{**console.form("/limits"), "holdout": typed})
        assert console.shop.state.settings.holdout == share
    assert "Without the change: <bdi>7.33</bdi>" in " ".join(console.get("/limits").split())
    assert ">12.5<" in console.get()


NOW = re.compile(r'id="(\w+)-now">Applies now: <bdi>([^<]*)</bdi>')


@pytest.mark.parametrize("key", [key for key in CHANGEABLE if key != "GENVORIS_TEXTS"])
def test_meanwhile(console: Console, key: str) -> None:
    """A form opened before somebody else saved is refused; it keeps what was entered."""
    declared = CHANGEABLE[key]
    path, name = f"/{declared.group}", declared.name
    console.post("/charging", **console.form("/charging"))
    sent = {**console.form(path), **typed(key)}
    console.post("/texts", **{**console.form("/texts"), "shop_name": "Ada"})
    console.post("/texts", reset="GENVORIS_SHOP_NAME")
    answer = console.post(path, **sent)
    assert answer.status_code == 409
    assert "What you entered is still here" in answer.text
    assert console.stored() == {}
    assert [found[0] for found in NOW.findall(answer.text)] == [name]
    described = rf'<(?:input|fieldset)[^>]*aria-describedby="[^"]*{name}-now"'
    assert re.search(described, answer.text) or name == "button"
    assert console.post(path, **console.read(answer.text)).status_code == 303
    assert getattr(console.shop.state.settings, name) == declared.check(VALUES[key][0])


def test_same_setting(console: Console) -> None:
    """Where somebody else has changed the same setting, the page says to what."""
    limits, products = console.form("/limits"), console.form("/products")
    button = console.form("/button")
    console.post("/limits", **{**limits, "tryons_per_day": "9", "shop_tryons_per_day": "50"})
    console.post("/products", **{**console.form("/products"), "categories": ["home", "other"]})
    design = {"button_label": "Look", "button_icon": "eye", "button_showOnCards": []}
    console.post("/button", **{**console.form("/button"), **design})
    asked = {"tryons_per_day": "7", "shop_tryons_per_day": "50"}
    answer = console.post("/limits", **{**limits, **asked})
    assert NOW.findall(answer.text) == [("tryons_per_day", "9")]
    assert console.read(answer.text)["tryons_per_day"] == ["7"]
    answer = console.post("/products", **{**products, "categories": ["object"]})
    assert NOW.findall(answer.text) == [("categories", "Furniture and home; Everything else")]
    answer = console.post("/button", **{**button, "button_label": "See"})
    said = "Text: Look · Icon: eye · Also on product cards in lists: no"
    assert NOW.findall(answer.text) == [("button", said)]
    assert console.read(answer.text)["button_label"] == ["See"]


def test_outdated_dry_run(console: Console) -> None:
    """A dry run of an outdated form does not make it count as up to date."""
    form = console.form("/charging")
    console.post("/charging", **{**form, "single_hours": "3"})
    shown = console.read(console.post("/charging", **form, dry_run="yes").text)
    answer = console.post("/charging", **{**shown, "credit_days": "9"})
    assert answer.status_code == 409
    assert ("single_hours", "3") in NOW.findall(answer.text)
    assert console.stored() == {"GENVORIS_SINGLE_HOURS": 3}


@pytest.mark.parametrize("version", ["", "x", "0x", "1.5", "9" * 5000])
def test_wrong_version(console: Console, version: str) -> None:
    """A form whose version is none counts as outdated, rather than as the latest one."""
    console.post("/texts", **{**console.form("/texts"), "shop_name": "Ada"})
    form = {**console.form("/limits"), "tryons_per_day": "7", "version": version}
    assert console.post("/limits", **form).status_code == 409
    assert console.stored() == {"GENVORIS_SHOP_NAME": "Ada"}


def test_sent_twice(console: Console) -> None:
    """A form that is sent twice is no fault."""
    form = {**console.form("/limits"), "tryons_per_day": "7"}
    assert [console.post("/limits", **form).status_code for _ in range(2)] == [303, 303]


def test_other_group(console: Console) -> None:
    """A page changes its own settings only, and resets none that may not be changed."""
    console.post("/texts", **{**console.form("/texts"), "tryons_per_day": "7", "api_key": "x"})
    assert console.stored() == {}
    assert console.post("/texts", reset="GENVORIS_TRYONS_PER_DAY").status_code == 404
    assert console.post("/texts", reset="GENVORIS_API_KEY").status_code == 404


def test_function_stays(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Functions of the shop's own stay until something is saved in their place."""
    console = Console(
        ledger_shop(
            genvoris,
            tmp_path,
            GENVORIS_BUTTON=lambda: {"label": "From code"},
            GENVORIS_CREDITS=lambda _order: 1,
        )
    )
    assert "own code decides this" in console.get("/charging")
    for path in ("/charging", "/button"):
        form = console.form(path)
        assert console.post(path, **form).status_code == 303
    assert "GENVORIS_CREDITS" not in console.stored()


def test_audit(console: Console) -> None:
    """The page "History" has who changed which setting, from what to what."""
    console.post("/limits", **{**console.form("/limits"), "limit_tryons": "3/minute"})
    text = console.shop.browser.get("/genvoris/console/history").text
    row = re.split(r"<tbody[^>]*>", text)[1].split("</tr>")[0]
    name = "How fast one shopper may start try-ons"
    for word in ("fen", name, "GENVORIS_LIMIT_TRYONS", "10/minute", "3/minute"):
        assert word in row


def test_audit_in_words(console: Console) -> None:
    """Values are on the page "History" as on that of the setting."""
    form = console.form("/limits")
    assert form.pop("burn_guard")
    console.post("/limits", **form)
    assert ">no<" in console.get()
    console.post("/limits", **{**console.form("/limits"), "holdout": "12.5"})
    console.post("/button", **{**console.form("/button"), "button_label": "Try it"})
    text = console.shop.browser.get("/genvoris/console/history").text
    assert "Value:" not in text
    button, holdout, guard, *_ = re.split(r"<tbody[^>]*>", text)[1].split("</tr>")
    assert re.findall("<bdi>([^<]*)</bdi>", guard) == ["fen", "yes", "no"]
    assert re.findall("<bdi>([^<]*)</bdi>", holdout) == ["fen", "0", "12.5"]
    assert "Visitors who see no button, in per cent" in holdout
    assert re.findall("<bdi>([^<]*)</bdi>", button) == ["fen", "\N{EN DASH}", "Text: Try it"]


SECRETS = {
    "SECRET_KEY": "S3CR3T-app",
    "GENVORIS_WEBHOOK_SECRET": "S3CR3T-webhook",
    "GENVORIS_STRIPE_WEBHOOK_SECRET": "whsec_S3CR3T",
    "GENVORIS_STRIPE_API_KEY": "rk_test_S3CR3T",
    "GENVORIS_METRICS_TOKEN": "S3CR3T-metrics-token",
    "GENVORIS_ALERT_URL": "https://hooks.example/S3CR3T",
}


def test_no_secrets(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """No page, no error and no export has a key, a secret or the address of a database."""
    folder = tmp_path / "S3CR3T-folder"
    folder.mkdir()
    console = Console(ledger_shop(genvoris, folder, **SECRETS))
    key = console.shop.app.config["GENVORIS_API_KEY"]
    seen = [console.get(path) for path in PAGES]
    seen += [console.get("/export", format=form) for form in ("python", "env", "json")]
    seen.append(console.post("/test").text)
    for path in ("/charging", "/button", "/texts", "/wording", "/limits", "/products"):
        values = {each.name: "wrong\n" for each in CHANGEABLE.values()}
        seen.append(console.post(path, **console.form(path), dry_run="yes").text)
        seen.append(console.post(path, **values).text)
    seen.append(console.shop.browser.get("/genvoris/console/history").text)
    assert len(seen) > 20
    assert "sqlite" in console.shop.app.config["GENVORIS_DATABASE_URL"]
    for text in seen:
        assert "S3CR3T" not in text
        assert "sqlite" not in text
        assert key not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages(console: Console, language: str) -> None:
    """Every page is in the language of the browser, without a text that is missing."""
    for path in PAGES:
        answer = console.shop.browser.get(
            f"/genvoris/console/setup{path}", headers={"Accept-Language": language}
        )
        assert answer.status_code == 200
        assert f'<html lang="{language}"' in answer.text
        assert not re.search(r">\s*setup\.\w", answer.text)
    english, own = read_group("setup", "en"), read_group("setup", language)
    assert english.keys() == own.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) >= set(re.findall(r"{\w+}", own[key])), key


def test_labels() -> None:
    """Each setting has a label, and words for what can be wrong with it."""
    for declared in CHANGEABLE.values():
        assert f"field.{declared.name}" in read_group("setup", "en")
        assert declared.range or f"problem.{declared.kind}" in read_group("setup", "en")


def test_without_database(genvoris: LocalGenvoris) -> None:
    """A shop without a database is told what it needs, on every page."""
    console = Console(Shop(genvoris))
    for path in PAGES:
        assert "needs the database" in console.get(path)
    assert "needs the database" in console.post("/texts", shop_name="Ada").text


def test_connection(console: Console) -> None:
    """The connection is tested by a call, and a key that Genvoris refuses is called so."""
    assert "Genvoris accepts the key." in console.post("/test").text
    console.shop.transport.fault = lambda _request: httpx.Response(
        401, json={"error": "invalid_key"}
    )
    text = console.post("/test").text
    assert "Not right" in text
    assert "Genvoris accepts the key." not in text


def test_plans(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Plans are shown as the shop and as Genvoris have them, and what a paywall offers."""
    genvoris.call("POST", "/plans", {"name": "Old", "monthlyTryOns": 7})
    plans = [{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "p", "price": "9.90 €"}]
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_PLANS=plans, GENVORIS_CHARGING="subscription")
    text = Console(shop).get("/charging")
    rows = [
        re.sub(r"<[^>]*>", " ", row).split()
        for row in text.split("<tr>")
        if '<th scope="row"' in row
    ]
    assert ["Pro", "100", "9.90", "€", "yes", "no"] in [row[:6] for row in rows]
    assert ["Old", "7", "nothing", "no", "yes"] in [row[:5] for row in rows]
    assert "Pro" in text.split("is offered")[1]
    shop.transport.fault = lambda _request: httpx.Response(503)
    assert "not known now" in Console(shop).get("/charging")


def test_dry_run(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A dry run says what would become of shoppers, and changes nothing."""
    made = genvoris.call("POST", "/plans", {"name": "Pro", "monthlyTryOns": 9}).get_json()
    genvoris.call("POST", "/customers", {"externalId": "ada", "planId": made["id"]})
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="credits")
    with shop.app.app_context():
        shop.extension.billing.order_paid("o-1", external_id="eve", try_ons=2)
    console = Console(shop)
    form = {**console.form("/charging"), "charging": ["freemium"], "dry_run": "yes"}
    calls = len(shop.transport.requests)
    answer = console.post("/charging", **form)
    assert answer.status_code == 200
    assert "with 9 try-ons" in answer.text
    assert "Shoppers with try-ons of orders, which stay theirs: 1." in answer.text
    assert "The free start needs a number of free try-ons, below." in answer.text
    assert {each.method for each in shop.transport.requests[calls:]} == {"GET"}
    assert console.stored() == {}
    assert shop.state.spending is not None
    assert shop.state.spending.balance("ada").available == 0


def test_take_over(console: Console, genvoris: LocalGenvoris) -> None:
    """The design of Genvoris's portal is shown in the form, and counts once it is saved."""
    design = {"label": "Look", "icon": "wand", "position": "inline", "showOnCards": True}
    changed = genvoris.http.patch("/sandbox/settings", json={"buttonDesign": design})
    assert changed.status_code == 200
    shown = console.shop.browser.get("/genvoris/console/setup/button?from=genvoris").text
    assert 'value="Look"' in shown
    assert '<option value="wand" selected>' in shown
    assert console.stored() == {}
    console.shop.transport.fault = lambda _request: httpx.Response(503)
    failed = console.get("/button", **{"from": "genvoris"})
    assert "Genvoris does not answer now" in failed


# The preview


def preview(console: Console, **fields: str) -> str:
    """Return the address of the product page with a design."""
    design = {"button_label": "Preview me", "button_showOnCards": "yes", **fields}
    text = console.get("/button/preview", preview_page="/product?a=1", **design)
    found = re.search(r'src="(/product[^"]*)"', text)
    assert found
    return html.unescape(found[1])


def test_preview(console: Console) -> None:
    """Only its owner sees a design before it is saved, for some minutes, and no cache keeps it."""
    console.shop.browser.get("/product")
    address = preview(console, button_fontSize="18")
    page = console.shop.browser.get(address)
    assert 'data-button-label="Preview me"' in page.text
    assert 'data-button-font-size="18"' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Preview me" not in console.shop.browser.get("/product").text
    stranger = console.shop.app.test_client()
    assert "Preview me" not in stranger.get(address).text
    console.shop.log_in("eve", stranger)
    assert "Preview me" not in stranger.get(address).text
    console.shop.extension.console_access(lambda: session.get("user") in ("fen", "eve"))
    assert "Preview me" not in stranger.get(address).text, "it is another owner's"
    console.shop.genvoris.clock.now += 601
    assert "Preview me" not in console.shop.browser.get(address).text


def test_preview_of_one_page(console: Console) -> None:
    """The address of a preview has the design for its own page only, however that is written."""

    @console.shop.app.get("/of/<name>/")
    def product(name: str) -> str:
        return str(genvoris_button(image="/a.png", title=name)) + str(genvoris_widget())

    browser = console.shop.browser
    query = preview(console).partition("?")[2]
    assert "Preview me" not in browser.get(f"/of/shirt/?{query}").text
    design = {"button_label": "Preview me", "button_showOnCards": "yes"}
    for path in ("/of/shirt/", "/of/shirt", "/of/50%25%3Fa%23b/", "/of/\u00e4%C3%A4/"):
        text = console.get("/button/preview", preview_page=path, **design)
        found = re.search(r'src="(/of/[^"]*)"', text)
        assert found
        page = browser.get(html.unescape(found[1]), follow_redirects=True)
        assert "Preview me" in page.text, path
    text = console.get("/button/preview", preview_page="/below/of/shirt/", **design)
    query = text.partition("genvoris_preview=")[2].partition('"')[0]
    path = f"/of/shirt/?genvoris_preview={query}"
    assert "Preview me" in browser.get(path, base_url="http://localhost/below").text
    assert "Preview me" not in browser.get(path).text


def test_preview_in_strict_shop(console: Console) -> None:
    """A page that no other may frame is shown in the preview, and in frames of no other site."""
    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

    def forbid_frames(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Content-Security-Policy"] = policy
        response.headers.add("Content-Security-Policy", "img-src 'self', frame-ancestors a.example")
        return response

    console.shop.app.after_request_funcs[None].append(forbid_frames)
    browser = console.shop.browser
    page = browser.get(preview(console))
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert page.headers.getlist("Content-Security-Policy") == [
        "default-src 'none'; frame-ancestors 'self'; base-uri 'none'",
        "img-src 'self', frame-ancestors 'self'",
    ]
    for address in ("/product", "/product?genvoris_preview=x"):
        page = browser.get(address)
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Content-Security-Policy"] == policy


def test_forged_preview(console: Console) -> None:
    """A design that the console has not signed is ignored."""
    address = preview(console)
    for forged in (
        address[:-3] + "abc",
        "/product?genvoris_preview=x",
        "/product?genvoris_preview=",
    ):
        assert "data-button-label" not in console.shop.browser.get(forged).text


def test_preview_of_wrong_design(console: Console) -> None:
    """A design that cannot be saved has no preview, nor has a page of another site."""
    for fields in (
        {"button_label": "x" * 21, "preview_page": "/product"},
        {"preview_page": "https://evil.example/"},
        {"preview_page": "//evil.example/"},
        {"preview_page": "javascript:alert(1)"},
    ):
        assert "<iframe" not in console.get("/button/preview", **fields)


def test_preview_without_page(console: Console) -> None:
    """Before a page is named, the preview says what it needs."""
    assert "path of a product" in console.get("/button/preview")


def test_usual_preview(console: Console) -> None:
    """The preview's page is the last one with a button, until the owner names one."""

    @console.shop.app.get("/of/<name>")
    def product(name: str) -> str:
        return str(genvoris_button(image="/a.png", title=name, card=name == "card"))

    for page in ("shirt?secret=1", "card", "ada@example.com"):
        assert console.shop.browser.get(f"/of/{page}").status_code == 200
    assert 'placeholder="/of/shirt"' in console.get("/button")
    assert 'src="/of/shirt?genvoris_preview=' in console.get("/button/preview")
    assert 'src="/of/a?genvoris_preview=' in console.get("/button/preview", preview_page="/of/a")
    assert console.shop.browser.get("/of/50%25%3Fa%23b").status_code == 200
    assert 'src="/of/50%25%3Fa%23b?genvoris_preview=' in console.get("/button/preview")


def test_frames(console: Console) -> None:
    """Only the preview may be in a frame, and only in one of the shop's own."""
    browser = console.shop.browser
    headers = browser.get("/genvoris/console/setup/button/preview").headers
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    headers = browser.get("/genvoris/console/setup/button").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "frame-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
