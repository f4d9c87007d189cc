"""``flask genvoris init`` up to its last question: what it finds, asks, proposes and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import CommandResult, run_command
from tests.support.init_shops import FIVE_LINES, Project, celery_shop, small_shop
from tests.support.local_genvoris import API_KEY as KEY


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return the smallest shop, in whose folder the command runs."""
    monkeypatch.chdir(tmp_path)
    return small_shop(tmp_path)


def init(shop: Project, *options: str, typed: str | None = None) -> CommandResult:
    return run_command(shop.load(), "init", *options, typed=typed)


def test_proposals(small: Project) -> None:
    """A dry run shows settings, code and the two lines of the template, and changes nothing."""
    before = small.files()
    done = init(small, "--sandbox", "--guests", "--yes", "--dry-run")
    assert done.exit_code == 0, done.output
    for line in (
        "+++ .env",
        "+GENVORIS_API_KEY=********",
        "+GENVORIS_TRYON_URL=http://127.0.0.1:8787",
        "+++ shop.py",
        "+from genvoris_flask import GenvorisFlask",
        "+genvoris = GenvorisFlask(app)",
        "+++ templates/product.html",
        "+{{ genvoris_button(image=url_for('static', filename=item.image), title=item.title, "
        "id=item.sku) }}",
        "+{{ genvoris_widget() }}",
    ):
        assert line in done.output.splitlines()
    assert "Nothing was changed." in done.output
    assert small.files() == before


def test_cancelling(small: Project) -> None:
    """Whoever cancels, at any question, has changed nothing."""
    before = small.files()
    # Guests, charging, Stripe, Redis and webhooks; two changes of code; the last question.
    answers = ["y", "", "", "", "", "y", "y"]
    for number in range(len(answers) + 1):
        done = init(small, "--sandbox", typed="".join(f"{each}\n" for each in answers[:number]))
        assert done.exit_code == 1
        assert done.output.rstrip().endswith("Aborted!")
    assert "- write .env" in done.output
    assert "Do this now?" in done.output
    assert init(small, "--sandbox", typed="\n".join([*answers, "n"])).exit_code == 1
    assert small.files() == before


def test_answers(small: Project) -> None:
    """Wrong answers are asked again, and what nobody wants to be changed is only described."""
    answers = [
        *("gvk_wrong", KEY),
        "n",  # guests
        *("by the hour", "pay_per_use"),
        *("mysql://", "sqlite:///ledger.db"),
        *("0", "5", "3.99 €"),
        "",  # Stripe
        "",  # Redis
        *("shop.example", "https://shop.example"),
        *("n", "n", "y"),  # the code, the template, and the rest
    ]
    done = init(small, typed="\n".join(answers) + "\n")
    assert done.exit_code == 1
    for sentence in (
        "must start with gvk_live_",
        "must be one or several of free",
        "whole address",
        "Set the extension up where your app is made",
        "{{ genvoris_widget() }}",
        "Then run `flask genvoris init` again",
    ):
        assert sentence in done.output
    assert KEY not in done.output
    saved = small.text(".env")
    assert f"GENVORIS_API_KEY={KEY}\n" in saved
    assert """GENVORIS_PACKS='[{"try_ons": 5, "price": "3.99 €"}]'\n""" in saved
    assert small.text("shop.py") == FIVE_LINES


def test_celery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's workers and its Redis are used, and a shop without templates is told the lines."""
    monkeypatch.chdir(tmp_path)
    done = init(celery_shop(tmp_path), "--sandbox", "--no-code", "--yes", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "Found: Celery" in done.output
    assert "+GENVORIS_QUEUE=celery" in done.output
    assert "+GENVORIS_STORE_URL=****" in done.output
    assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("options", "environ", "sentence"),
    [
        ([], {}, "GENVORIS_API_KEY is missing"),
        (["--sandbox", "--charging", "pay_per_use"], {}, "add --database-url"),
        (["--sandbox", "--charging", "nothing"], {}, "must be one or several"),
        (["--sandbox", "--charging", "subscription"], {}, "add --plan"),
        (["--sandbox", "--plan", "Pro"], {}, "NAME:TRY-ONS[:PRICE-ID[:PRICE]]"),
        (["--sandbox", "--queue", "rq"], {}, "add --store-url"),
        (["--sandbox", "--guests"], {"GENVORIS_ALLOW_GUESTS": "false"}, "comes first"),
        (["--sandbox", "--template", "shop.py"], {}, "no picture of a product"),
        (["--sandbox", "--guests", "--charging", "free,credits", "--database-url", "x"], {}, "URL"),
    ],
)
def test_refusals(
    small: Project,
    options: list[str],
    environ: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is missing or contradictory is said, and nothing is changed."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    before = small.files()
    done = init(small, "--yes", *options)
    assert done.exit_code != 0
    assert sentence in done.output
    assert small.files() == before
