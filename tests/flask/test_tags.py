"""What a template gets: the button and the widget's tag."""

from __future__ import annotations

import html
import json
import re
import threading
from typing import Any

import httpx
import pytest
from flask import Flask, make_response, render_template_string, session, stream_template_string
from flask_login import LoginManager, UserMixin, login_user, logout_user
from markupsafe import Markup

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.signals import session_failed, session_minted
from genvoris_flask.web.shopper import current_shopper, login_url
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import PAGE, SAME_ORIGIN, Shop, read_tag
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.waiting import until


def test_page_carries_the_shoppers_token(shop: Shop) -> None:
    """The token in the tag is the logged-in shopper's own."""
    attributes = read_tag(shop.browser.get("/product").text)
    claims = shop.state.verifier.verify(str(attributes["data-end-customer-token"]))
    customer = shop.genvoris.call("GET", "/customers/ada").get_json()
    assert claims.customer_id == customer["id"]
    assert attributes["data-api-url"] == "/genvoris"
    assert attributes["data-platform"] == "flask"
    assert attributes["defer"] is True
    assert "data-api-key" not in attributes


def test_script_is_bundled(shop: Shop) -> None:
    """No integrity keeps a page of another version from loading this version's widget."""
    attributes = read_tag(shop.browser.get("/product").text)
    assert attributes["src"] == f"/genvoris/{shop.state.assets.widget.hashed_name}"
    assert "integrity" not in attributes


def test_second_page_reuses_token(shop: Shop) -> None:
    """A second page costs no second mint."""
    first, second = shop.browser.get("/product").text, shop.browser.get("/product").text
    assert first == second
    assert shop.transport.count("/sessions") == 1


def test_token_page_is_private(shop: Shop) -> None:
    """A page with a token is kept out of shared caches."""

    def cached_page() -> Any:
        response = make_response(shop.page())
        response.cache_control.public = True
        response.cache_control.max_age = 3600
        return response

    shop.app.view_functions["page"] = cached_page
    response = shop.browser.get("/product")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in response.vary


def test_hooks_cannot_make_token_page_public(
    genvoris: LocalGenvoris,
) -> None:
    """The shop's own hooks run earlier, whatever they set."""

    def cache_everything(response: Any) -> Any:
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    app = Flask("shop")
    app.config.update(GENVORIS_API_KEY=API_KEY, GENVORIS_API_URL="http://127.0.0.1:8787/api/v1")
    app.after_request(cache_everything)
    extension = GenvorisFlask()
    extension.shopper_loader(lambda: Shopper("ada"))
    extension.init_app(app, transport=genvoris.transport, clock=genvoris.clock)
    app.after_request(cache_everything)
    app.add_url_rule("/", "page", lambda: render_template_string("{{ genvoris_widget() }}"))
    genvoris.customer("ada")
    response = app.test_client().get("/")
    assert "data-end-customer-token" in response.text
    assert response.headers["Cache-Control"] == "private, no-store"


def test_cdn_headers_are_removed(shop: Shop) -> None:
    """A page with a token has no headers that tell a CDN to keep it."""

    def cached_page() -> Any:
        response = make_response(shop.page())
        for name in ("CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control"):
            response.headers[name] = "max-age=3600"
        return response

    shop.app.view_functions["page"] = cached_page
    assert "max-age" not in str(shop.browser.get("/product").headers)
    shop.log_in(None)
    assert str(shop.browser.get("/product").headers).count("max-age") == 3


def test_no_tag_outside_of_a_request(shop: Shop) -> None:
    """A template for an email gets no tag."""
    with shop.app.app_context():
        assert render_template_string("Hello{{ genvoris_widget() }}") == "Hello"


def test_streamed_page_has_no_token(shop: Shop) -> None:
    """Its headers were sent before, so it cannot be made private."""

    def streamed() -> Any:
        return stream_template_string(PAGE, options={})

    shop.app.view_functions["page"] = streamed
    response = shop.browser.get("/product")
    assert "<script" in response.text
    assert "data-end-customer-token" not in response.text


def test_public_view_is_logged_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The log names a view that declares a page with a token public."""

    def public_page() -> Any:
        response = make_response(shop.page())
        response.cache_control.public = True
        return response

    shop.app.add_url_rule("/popular", "popular_page", public_page)
    for _ in range(3):
        assert shop.browser.get("/popular").headers["Cache-Control"] == "private, no-store"
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "popular_page" in told[0]
    assert "GENVORIS_INLINE_SESSION" in told[0]


def test_outage_is_logged_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """An outage is one line in the log, not one per page."""
    shop.transport.fault = lambda request: httpx.Response(200, text="<html>")
    for number in range(20):
        shop.log_in(f"s{number}")
        shop.browser.get("/product")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_session_signals(shop: Shop) -> None:
    """Signals report each new session and each failed one."""
    told: list[tuple[str, str]] = []

    def minted(app: Flask, *, shopper: Shopper, **_: Any) -> None:
        told.append((app.name, f"{shopper.external_id} minted"))

    def failed(app: Flask, *, shopper: Shopper, error: Exception) -> None:
        told.append((app.name, f"{shopper.external_id} {type(error).__name__}"))

    with session_minted.connected_to(minted), session_failed.connected_to(failed):
        for name in ("ada", "ada", "stranger"):
            shop.log_in(name)
            shop.browser.get("/product")
        until(lambda: len(told) == 2)
    assert told == [("shop", "ada minted"), ("shop", "stranger NotFoundError")]


def test_page_without_token_stays_cacheable(shop: Shop) -> None:
    """The view's own headers are left alone."""
    shop.log_in(None)
    response = shop.browser.get("/product")
    assert "no-store" not in response.headers.get("Cache-Control", "")
    assert "data-end-customer-token" not in read_tag(response.text)


def test_inline_session_off(genvoris: LocalGenvoris) -> None:
    """With GENVORIS_INLINE_SESSION = False no page carries a token."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_INLINE_SESSION=False)
    shop.log_in()
    assert "data-end-customer-token" not in read_tag(shop.browser.get("/product").text)
    assert shop.transport.requests == []


@pytest.mark.parametrize("path", ["session", "status"])
def test_new_shopper_is_registered_on_intent(genvoris: LocalGenvoris, path: str) -> None:
    """With GENVORIS_DEFAULT_PLAN: a page asks nothing, and carries a token once they are known."""
    shop = Shop(genvoris, GENVORIS_DEFAULT_PLAN=genvoris.plan(3))
    shop.log_in()
    page = shop.browser.get("/product")
    assert "data-end-customer-token" not in read_tag(page.text)
    assert "no-store" not in page.headers.get("Cache-Control", "")
    assert shop.transport.requests == []
    method = shop.browser.post if path == "session" else shop.browser.get
    assert method(f"/genvoris/{path}", headers=SAME_ORIGIN).status_code == 200
    assert "data-end-customer-token" in read_tag(shop.browser.get("/product").text)
    assert shop.transport.count("/customers") == 1


def test_buyer_is_known(genvoris: LocalGenvoris) -> None:
    """With GENVORIS_DEFAULT_PLAN, the first page after a sale carries a token."""
    shop = Shop(genvoris, GENVORIS_DEFAULT_PLAN=genvoris.plan(3))
    with shop.app.app_context():
        shop.extension.billing.activate("ada", plan_id=genvoris.plan(5, "Pro"))
    shop.log_in()
    assert "data-end-customer-token" in read_tag(shop.browser.get("/product").text)


@pytest.mark.parametrize(
    "fault",
    [
        lambda request: httpx.Response(500),
        lambda request: httpx.Response(200, text="<html>"),
        lambda request: httpx.Response(401, json={"error": "invalid_key"}),
    ],
    ids=["500", "garbage", "401"],
)
def test_page_survives_faults(shop: Shop, fault: Any) -> None:
    """A page is sent whatever Genvoris answers."""
    shop.transport.fault = fault
    response = shop.browser.get("/product")
    assert response.status_code == 200
    assert "data-end-customer-token" not in read_tag(response.text)


def test_page_budget(genvoris: LocalGenvoris) -> None:
    """A page waits for a token no longer than GENVORIS_PAGE_BUDGET."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_PAGE_BUDGET=0.05)
    shop.log_in()

    answer = threading.Event()

    def hang(request: httpx.Request) -> None:
        assert answer.wait(60)

    shop.transport.fault = hang
    response = shop.browser.get("/product")
    assert response.status_code == 200
    assert "data-end-customer-token" not in read_tag(response.text)
    answer.set()  # the page went out before Genvoris answered
    until(lambda: shop.state.broker.cached(Shopper("ada")))
    assert "data-end-customer-token" in read_tag(shop.browser.get("/product").text)


def test_failing_loader(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A loader that raises does not take the page down."""

    def broken() -> Shopper | None:
        raise LookupError("the shop's own fault")

    shop.extension.shopper_loader(broken)
    shop.app.register_error_handler(Exception, lambda error: ("<h1>Oh no</h1>", 500))
    for _ in range(3):
        assert shop.browser.get("/product").status_code == 200
    answer = shop.browser.get("/genvoris/status")
    assert (answer.status_code, answer.get_json()["error"]) == (500, "internal_error")
    assert caplog.text.count("The function that says who is shopping failed") == 1


def test_status_waits_as_long_as_a_page(
    genvoris: LocalGenvoris,
) -> None:
    """While Genvoris does not answer, a dialog waits no longer than a page."""
    shop = Shop(genvoris, GENVORIS_PAGE_BUDGET=0.05)
    shop.log_in()
    patience: list[float] = []

    def watch(request: httpx.Request) -> httpx.Response:
        patience.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, text="<html>")

    shop.transport.fault = watch
    assert shop.browser.get("/genvoris/status").get_json()["access"] == "ERROR"
    for number in range(4):
        shop.log_in(f"s{number}")
        shop.browser.get("/product")
    assert shop.browser.get("/genvoris/status").get_json()["access"] == "ERROR"
    assert patience[0] > 1
    assert patience[-1] <= 0.05


def test_loader_must_return_a_shopper(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The error names what a loader has to return."""
    shop.extension.shopper_loader(lambda: "ada")  # type: ignore[type-var]
    assert shop.browser.get("/product").status_code == 200
    assert "genvoris_flask.Shopper" in caplog.text


def test_keywords_become_attributes(shop: Shop) -> None:
    """Keywords become data attributes of the tag."""
    photos = [{"src": "/a.jpg", "alt": 'A "b" </script>'}]
    shop.options = {
        "nonce": "abc",
        "language": "fr",
        "primary_color": "#0a5",
        "no_fab": True,
        "sample_photos": photos,
    }
    page = shop.browser.get("/product").text
    attributes = read_tag(page)
    assert attributes["nonce"] == "abc"
    assert attributes["data-language"] == "fr"
    assert attributes["data-primary-color"] == "#0a5"
    assert attributes["data-no-fab"] is True
    assert json.loads(str(attributes["data-sample-photos"])) == photos
    assert page.count("</script>") == 1


def test_undefined_variable_is_omitted(shop: Shop) -> None:
    """An undefined template variable omits its attribute."""
    page = "{{ genvoris_widget(language=nowhere, primary_color=session.nothing) }}"
    shop.app.add_url_rule("/unset", view_func=lambda: render_template_string(page))
    attributes = read_tag(shop.browser.get("/unset").text)
    assert "data-language" not in attributes
    assert "data-primary-color" not in attributes


def test_nonce_defaults_to_setting(genvoris: LocalGenvoris) -> None:
    """Without an argument, GENVORIS_CSP_NONCE makes the nonce."""
    shop = Shop(genvoris, GENVORIS_CSP_NONCE=lambda: "from-the-setting")
    assert read_tag(shop.browser.get("/product").text)["nonce"] == "from-the-setting"


def test_other_script_and_integrity(genvoris: LocalGenvoris) -> None:
    """GENVORIS_WIDGET_URL comes with its own integrity."""
    url = "https://cdn.genvoris.org/widget.js"
    shop = Shop(genvoris, GENVORIS_WIDGET_URL=url, GENVORIS_WIDGET_INTEGRITY="sha384-abc")
    attributes = read_tag(shop.browser.get("/product").text)
    assert (attributes["src"], attributes["integrity"]) == (url, "sha384-abc")
    assert attributes["crossorigin"] == "anonymous"


def test_api_key_attribute(
    genvoris: LocalGenvoris,
) -> None:
    """The tag names a publishable key, and only if there is one."""
    shop = Shop(genvoris, GENVORIS_WIDGET_API_KEY="gvk_live_publishable")
    page = shop.browser.get("/product").text
    assert read_tag(page)["data-api-key"] == "gvk_live_publishable"
    assert API_KEY not in page


def test_button_escapes_product(shop: Shop) -> None:
    """A button describes the product and escapes everything."""
    button = shop.button(
        image='/a.png?x="1"',
        title="</script><b>'\"&",
        id="s1",
        category="home",
        label="<Try>",
        class_="big",
        data_colour="red",
    )
    assert str(button) == (
        '<button type="button" class="genvoris-tryon-btn big" data-genvoris-trigger '
        'data-product-image="/a.png?x=&#34;1&#34;" '
        'data-product-title="&lt;/script&gt;&lt;b&gt;&#39;&#34;&amp;" data-product-id="s1" '
        'data-product-category="home" data-colour="red">&lt;Try&gt;</button>'
    )


@pytest.mark.parametrize(
    ("title", "read"),
    [
        (Markup('Tee "XL" &amp; <b>Co</b>'), 'Tee "XL" & <b>Co</b>'),
        (Markup('" onclick="alert(1)'), '" onclick="alert(1)'),
        (Markup("Tee &#34;XL&#34;"), 'Tee "XL"'),
    ],
)
def test_markup_in_attribute(shop: Shop, title: Markup, read: str) -> None:
    """What is safe between tags may still hold quotes; an attribute gets the text that it means."""
    button = str(shop.button(title=title, id="1"))
    found = re.search(r'data-product-title="([^"]*)" data-product-id="1">', button)
    assert found
    assert html.unescape(found[1]) == read


def test_tojson_in_attribute(shop: Shop) -> None:
    """Jinja's ``tojson`` returns Markup with quotes in it."""
    page = "{{ genvoris_widget(sample_photos=photos|tojson, language='a\"b'|safe) }}"
    photos = [{"src": "/a.jpg", "alt": 'Ada\'s "hat" <&>'}]
    shop.app.add_url_rule("/json", view_func=lambda: render_template_string(page, photos=photos))
    attributes = read_tag(shop.browser.get("/json").text)
    assert json.loads(str(attributes["data-sample-photos"])) == photos
    assert attributes["data-language"] == 'a"b'


@pytest.mark.parametrize("name", ["x onclick", "x=1", "x><script", "x/"])
def test_attribute_names_are_checked(shop: Shop, name: str) -> None:
    """Names that would end the attribute are refused."""
    with pytest.raises(ValueError, match="name of an attribute"):
        shop.button(**{name: "y"})


@pytest.mark.parametrize("name", ["login-url", "login_url_", "privacy-url"])
def test_link_keyword_spellings(shop: Shop, name: str) -> None:
    """Each of these keywords becomes the same attribute, so its link is checked."""
    shop.options = {name: "javascript:alert(1)"}
    assert "javascript:" not in shop.browser.get("/product").text


@pytest.mark.parametrize("name", ["login_url", "privacy_url"])
def test_script_links_are_omitted(shop: Shop, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """The setting's own address stays, and the log says so."""
    shop.options = {name: "java\tscript:alert(1)"}
    attributes = read_tag(shop.browser.get("/product").text)
    own = {"login_url": "/login", "privacy_url": None}[name]
    assert attributes.get(f"data-{name.replace('_', '-')}") == own
    assert name in caplog.text


def test_button_variants(shop: Shop) -> None:
    """A button carries its variants as JSON."""
    variants = [{"label": 'Größe "M"', "id": "tee-m", "image": "/m.png"}, {"label": "<L>"}]
    found = re.search(r'data-product-variants="([^"]*)"', shop.button(variants=variants))
    assert found
    assert json.loads(html.unescape(found[1])) == variants
    assert "data-product-variants" not in shop.button(variants=[])


def test_events_and_privacy_urls(genvoris: LocalGenvoris) -> None:
    """The tag names the route for events and the privacy policy."""
    shop = Shop(genvoris, GENVORIS_PRIVACY_URL="/privacy?v=2")
    attributes = read_tag(shop.browser.get("/product").text)
    assert attributes["data-events-url"] == "/genvoris/api/v1/events"
    assert attributes["data-privacy-url"] == "/privacy?v=2"


def test_script_root(shop: Shop) -> None:
    """A shop below a path names its routes with that path."""
    page = shop.browser.get("/product", environ_overrides={"SCRIPT_NAME": "/shop"}).text
    assert read_tag(page)["data-api-url"] == "/shop/genvoris"


def test_several_apps(tmp_path_factory: Any) -> None:
    """Apps of one extension object are kept apart."""
    extension = GenvorisFlask()
    apps = []
    for name in ("a", "b"):
        app = Flask(name)
        app.config.update(GENVORIS_API_KEY=f"gvk_test_{name}", GENVORIS_URL_PREFIX=f"/try-{name}")
        extension.init_app(app)
        apps.append(app)
    assert get_state(apps[0]) is not get_state(apps[1])
    assert get_state(apps[0]).settings.api_key == "gvk_test_a"
    for app, own, other in ((apps[0], "a", "b"), (apps[1], "b", "a")):
        browser = app.test_client()
        assert browser.get(f"/try-{own}/widget.js").status_code == 200
        assert browser.get(f"/try-{other}/widget.js").status_code == 404


def test_app_not_set_up() -> None:
    """The error says what to do."""
    with pytest.raises(RuntimeError, match="init_app"):
        get_state(Flask("bare"))


class User(UserMixin):  # type: ignore[misc]  # publishes no types
    id = 42
    email = "shopper@example.com"
    genvoris_customer_id = "ec_42"


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_flask_login_user() -> None:
    """Flask-Login's user is the shopper by default."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="secret", GENVORIS_API_KEY="gvk_test_1")
    GenvorisFlask(app)
    manager = LoginManager(app)
    manager.login_view = "log_in"
    manager.user_loader(lambda user_id: User() if user_id == "42" else None)
    app.add_url_rule("/log-in", "log_in", lambda: "")
    with app.test_request_context():
        assert current_shopper() is None
        assert login_url() == "/log-in"
        login_user(User())
        assert current_shopper() == Shopper("42", "shopper@example.com", "ec_42")


def test_login_view_script() -> None:
    """Flask-Login's setting may not be a link that runs as a script."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="secret", GENVORIS_API_KEY="gvk_test_1")
    GenvorisFlask(app)
    LoginManager(app).login_view = "javascript:alert(1)"
    with app.test_request_context():
        assert login_url() is None


@pytest.mark.parametrize("rule", ["/elsewhere", "/<language>/log-in"])
def test_login_view_without_url(rule: str, caplog: pytest.LogCaptureFixture) -> None:
    """A login_view without a URL is logged once and takes no page down."""
    app = Flask("shop")
    app.config.update(SECRET_KEY="secret", GENVORIS_API_KEY="gvk_test_1")
    GenvorisFlask(app)
    manager = LoginManager(app)
    view = "log_in" if "<" in rule else "auth.log_in"
    manager.login_view = view
    manager.user_loader(lambda user_id: None)
    app.add_url_rule(rule, "log_in", lambda language="": "")
    app.add_url_rule("/", "page", lambda: render_template_string("{{ genvoris_widget() }}"))
    for path in ("/", "/", "/genvoris/status"):
        assert app.test_client().get(path).status_code == 200
    assert [view in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_log_out_revokes_token(shop: Shop) -> None:
    """A log-out drops the token and revokes it."""
    manager = LoginManager(shop.app)
    manager.user_loader(lambda user_id: User())
    shop.extension.shopper_loader(lambda: Shopper("ada"))

    def log_out() -> str:
        login_user(User())
        logout_user()
        return "bye"

    shop.app.add_url_rule("/log-out", view_func=log_out)
    shop.browser.get("/product")
    assert shop.state.broker.cached(Shopper("ada"))
    shop.browser.get("/log-out")
    assert shop.state.broker.cached(Shopper("ada")) is None
    until(lambda: "DELETE" in [each.method for each in shop.transport.requests])


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_log_out_with_own_loader(shop: Shop) -> None:
    """It works for a loader that reads Flask-Login's key of the session."""
    manager = LoginManager(shop.app)
    manager.user_loader(lambda user_id: User())

    def who() -> Shopper | None:
        name = session.get("_user_id")
        return Shopper(name) if name else None

    shop.extension.shopper_loader(who)
    shop.app.add_url_rule("/log-in", "log_in", lambda: str(login_user(User())))
    shop.app.add_url_rule("/log-out", "log_out", lambda: str(logout_user()))
    shop.genvoris.customer("42")
    shop.browser.get("/log-in")
    assert "data-end-customer-token" in shop.browser.get("/product").text
    shop.browser.get("/log-out")
    assert shop.state.broker.cached(Shopper("42")) is None


def test_nobody_by_default() -> None:
    """Without a loader and Flask-Login, nobody is shopping."""
    app = Flask("shop")
    app.config.update(GENVORIS_API_KEY="gvk_test_1")
    GenvorisFlask(app)
    with app.test_request_context():
        assert current_shopper() is None
        assert login_url() is None
