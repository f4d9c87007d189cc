"""Loading the widget: without a plain tag, with strict policies, among hostile names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.dialog_steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import ORIGIN, POLICY, TRIGGER, WIDGET, ScriptedShop

TAG = '<script nonce="n" src="/genvoris/widget.js" data-api-url="/genvoris" data-language="de"'
MARKS = '<script nonce="n" type="text/plain" data-api-url="/genvoris" data-language="de"></script>'


def inline(code: str, kind: str = "text/javascript") -> str:
    return f'<script nonce="n" type="{kind}">{code}</script>'


def click(page: Page, heading: str = "Try it on") -> None:
    page.locator(".genvoris-tryon-btn").first.click()
    expect_heading(page, heading)


FETCHED = "fetch('/genvoris/widget.js').then(answer => answer.text()).then(code => {0})"


@pytest.mark.parametrize(
    ("script", "heading"),
    [
        (f'{TAG} type="module"></script>', "Anprobieren"),
        (MARKS + inline("import('/genvoris/widget.js')"), "Anprobieren"),
        (MARKS + inline("import '/genvoris/widget.js'", "module"), "Anprobieren"),
        (MARKS + inline(FETCHED.format("(0, eval)(code)")), "Anprobieren"),
        (MARKS + inline(FETCHED.format("Function(code)()")), "Anprobieren"),
        (
            inline("window.genvorisConfig = {apiProxyBase: '/genvoris', eventsUrl: '/events'}")
            + inline("import('/genvoris/widget.js')"),
            "Try it on",
        ),
    ],
    ids=["module", "import()", "import", "eval", "Function", "genvorisConfig"],
)
def test_no_current_script(shop: ScriptedShop, photo: Path, script: str, heading: str) -> None:
    """The tag is found by its attributes, and its settings apply."""
    shop.policy = POLICY.replace("'strict-dynamic'", "'strict-dynamic' 'unsafe-eval'")
    shop.script = script
    page = shop.open()
    until(page, lambda: page.evaluate("Boolean(window.Genvoris)"))
    click(page, heading)
    choose(page, photo)
    dialog(page).locator("button.primary").click()
    until(page, lambda: shop.requests("POST", "/genvoris/tryons"))


def test_evaluated_by_another_script(shop: ScriptedShop) -> None:
    """The script that evaluates the widget is not mistaken for its tag."""
    shop.policy = POLICY.replace("'strict-dynamic'", "'strict-dynamic' 'unsafe-eval'")
    shop.script = MARKS + inline(
        "const request = new XMLHttpRequest(); request.open('GET', '/genvoris/widget.js', false);"
        "request.send(); eval(request.responseText);"
    )
    page = shop.open()
    click(page, "Anprobieren")


def test_tag_is_not_found(shop: ScriptedShop) -> None:
    """The console says what the widget needs."""
    shop.script = inline("import('/genvoris/widget.js')")
    page = shop.open()
    until(page, lambda: shop.logged)
    assert "data-api-url" in shop.logged[0]
    assert "genvorisConfig" in shop.logged[0]


def test_trusted_types(shop: ScriptedShop, photo: Path) -> None:
    """The widget needs no policy but ``genvoris``, even if it is loaded twice."""
    shop.policy = f"{POLICY}; require-trusted-types-for 'script'; trusted-types genvoris"
    shop.tag["data-button-icon"] = "camera"
    page = shop.open()
    click(page)
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    page.evaluate("Genvoris.destroy()")
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.src = window[Symbol.for('genvoris.policy')].createScriptURL(
            `${location.origin}/genvoris/widget.js`
          );
          document.head.append(script);
        }"""
    )
    until(page, lambda: page.evaluate("Boolean(window.Genvoris)"))
    click(page)


def test_click_before_the_script(shop: ScriptedShop) -> None:
    """A click that came before the script is answered once that has loaded."""
    shop.script = ""
    page = shop.open()
    page.get_by_role("button", name="Try it on").click()
    page.evaluate(
        """async () => {
          const click = await new Promise(found => new PerformanceObserver(
            list => found(list.getEntries()[0])
          ).observe({ type: 'first-input', buffered: true }));
          performance.now = () => click.startTime + 1000;  // however long it takes here
          const script = document.createElement('script');
          Object.assign(script, { src: '/genvoris/widget.js', nonce: 'n' });
          script.dataset.apiUrl = '/genvoris';
          document.body.append(script);
        }"""
    )
    expect_heading(page, "Try it on")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()


def test_policy_refuses_other_files(shop: ScriptedShop) -> None:
    """Scripts cannot use the policy to load anything else."""
    shop.policy = f"{POLICY}; require-trusted-types-for 'script'; trusted-types genvoris"
    page = shop.open()
    click(page)
    refused = page.evaluate(
        """urls => urls.map(url => {
          try {
            return String(window[Symbol.for('genvoris.policy')].createScriptURL(url));
          } catch {
            return 'refused';
          }
        })""",
        [
            "/evil.js",
            f"{ORIGIN}/genvoris/dialog.js?x=/evil",
            f"{ORIGIN}/genvoris/x/dialog.js",
            f"{ORIGIN}/genvoris/../dialog.js",
            "https://evil.example/genvoris/dialog.js",
            "data:text/javascript,1",
        ],
    )
    assert refused == ["refused"] * 6


def test_default_policy(shop: ScriptedShop) -> None:
    """A shop that forbids our policy can accept our URLs by its default policy."""
    shop.policy = f"{POLICY}; require-trusted-types-for 'script'; trusted-types default"
    shop.head = inline("trustedTypes.createPolicy('default', {createScriptURL: url => url})")
    page = shop.open()
    click(page)
    page.evaluate("window.violations = []")  # our own policy, which it refused


SOURCES = {path: path.read_text() for path in (WIDGET / "src").rglob("*.ts")}
NAMES = {name for text in SOURCES.values() for name in re.findall(r"\bdoc\.(\w+)", text)}


def test_sources_use_safe_document() -> None:
    """They use ``doc``, which users' content cannot shadow; the phone's page has none."""
    found = {path for path, text in SOURCES.items() if re.search(r"\bdocument\.\w", text)}
    assert {path.name for path in found if path.parent.name != "phone"} <= {"page.ts"}
    assert {"body", "createElement", "currentScript"} <= NAMES


def test_image_shadows_document_member(shop: ScriptedShop, photo: Path) -> None:
    """``<img name=body>`` stands for ``document.body``, but not for the widget."""
    shop.tag["data-button-icon"] = "camera"
    images = [
        f'<img name="{name}" src="/a.png" alt=""><form name="{name}"></form>' for name in NAMES
    ]
    shop.body = "".join(images) + TRIGGER
    page = shop.open()
    click(page)
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()


@pytest.mark.parametrize(
    "content",
    [
        '<form id="Genvoris"></form>',
        '<a id="Genvoris"></a><a id="Genvoris"></a>',
        '<form id="Genvoris"><input name="version"><input name="attach"></form>',
        '<iframe name="Genvoris"></iframe>',
        '<form id="VTOWidget"></form><form id="genvorisConfig"></form>',
        '<form id="trustedTypes"><input name="createPolicy"></form>',
    ],
)
def test_element_shadows_global(shop: ScriptedShop, content: str) -> None:
    """Elements with the id of a global are ignored."""
    shop.body = content + TRIGGER
    page = shop.open()
    click(page)
    assert page.evaluate("[Genvoris, VTOWidget].map(it => typeof it.open)") == ["function"] * 2


def test_form_field_shadows_member(shop: ScriptedShop) -> None:
    """A form's fields shadow its members."""
    names = ["matches", "closest", "addEventListener", "dataset"]
    fields = [f'<input name="{name}">' for name in names]
    shop.body = f"<form>{''.join(fields)}{TRIGGER}</form>"
    page = shop.open()
    click(page)
