"""``flask genvoris init`` up to its last question: what it finds, asks, proposes and refuses."""

from __future__ import annotations

import inspect
import subprocess
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from genvoris_flask.cli.setup import env_file, source, templates
from tests.support.cli import CommandResult, run_command
from tests.support.init_shops import FIVE_LINES, Project, celery_shop, small_shop
from tests.support.local_genvoris import API_KEY as KEY

# Before 8.2 it goes on with the defaults when there is no more input, as no terminal does.
RUNNER_ANSWERS = "mix_stderr" in inspect.signature(CliRunner).parameters


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


# Guests, charging, Stripe, Redis and webhooks; and two changes of code.
ANSWERS = ["y", "", "", "", "", "y", "y"]


def test_cancelling(small: Project) -> None:
    """Whoever cancels at the last question has changed nothing."""
    before = small.files()
    done = init(small, "--sandbox", typed="\n".join([*ANSWERS, "n"]))
    assert done.exit_code == 1
    assert "- write .env" in done.output
    assert "Do this now?" in done.output
    assert done.output.rstrip().endswith("Aborted!")
    assert small.files() == before


@pytest.mark.skipif(RUNNER_ANSWERS, reason="this click's test runner answers by itself")
@pytest.mark.parametrize("number", range(len(ANSWERS) + 1))
def test_input_that_ends(small: Project, number: int) -> None:
    """Nor has anybody who leaves at an earlier one."""
    before = small.files()
    done = init(small, "--sandbox", typed="".join(f"{each}\n" for each in ANSWERS[:number]))
    assert done.exit_code == 1
    assert done.output.rstrip().endswith("Aborted!")
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


def test_secrets_in_code(small: Project) -> None:
    """Lines around a change are shown without the secrets that they hold."""
    secrets = """app.secret_key = "hunter2"
app.config["DATABASE_URL"] = 'postgresql://shop:hunter2@db/shop'
app.config.update(STRIPE_KEY="hunter2", TITLE="A shop")
"""
    source = FIVE_LINES.replace('app.secret_key = "secret"\n', secrets)
    (small.folder / "shop.py").write_text(source)
    done = init(small, "--sandbox", "--guests", "--yes", "--dry-run")
    assert "+genvoris = GenvorisFlask(app)" in done.output
    assert 'app.secret_key = "********"' in done.output
    assert "hunter2" not in done.output


def test_tracked_file(small: Project) -> None:
    """A key is not written into a file that Git tracks."""
    (small.folder / ".env").write_text("OTHER=1\n")
    for command in (["init", "--quiet"], ["add", ".env"]):
        subprocess.run(["git", *command], cwd=small.folder, check=True)
    before = small.files()
    done = init(small, "--sandbox", "--guests", "--yes", "--dry-run")
    assert done.exit_code == 1
    assert "Git tracks .env" in done.output
    assert small.files() == before


TEMPLATES = [
    # What is shown twice is one text for the button.
    (
        '<h1>{{ p.name | title }} {{ p.kind }}</h1>\n<img alt="" src="/img/{{ p.file }}">\n',
        """image="/img/" ~ p.file, title=(p.name | title) ~ " " ~ p.kind, id=p.id""",
    ),
    ("<h1>Shirt</h1>\n<img src='/shirt.png'>\n", """image="/shirt.png", title="Shirt\""""),
    (
        '<img src="{{ url_for("static", filename=x["a"]) }}" alt="{{ x["b"] }}">\n{{ x.sku }}\n',
        """image=url_for("static", filename=x["a"]), title=x["b"], id=x.sku""",
    ),
    # What is commented out is no picture.
    (
        '{# <img src="/old.png"> #}\n<h1>{{ a.b }}</h1><img src="{{ a.c }}">',
        "image=a.c, title=a.b, id=a.id",
    ),
]


@pytest.mark.parametrize(("template", "arguments"), TEMPLATES)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_templates(small: Project, template: str, arguments: str, end: str) -> None:
    """The button is told what the page shows, in a template that Jinja can still read."""
    path = small.folder / "templates/product.html"
    path.write_bytes(template.replace("\n", end).encode())
    app = small.load()
    change = templates.propose(app, None)
    assert change is not None
    change.write()
    text = path.read_bytes().decode()
    assert f"genvoris_button({arguments})" in text
    assert text.count("\r\n") == (text.count("\n") if end == "\r\n" else 0)
    app.jinja_env.parse(text)
    assert templates.propose(app, None) is None


SOURCES = [
    (
        "import flask\napp: flask.Flask = flask.Flask(__name__)\napp.config['A'] = 1\nprint(app)\n",
        "import flask\nfrom genvoris_flask import GenvorisFlask\n"
        "app: flask.Flask = flask.Flask(__name__)\napp.config['A'] = 1\nprint(app)\n"
        "genvoris = GenvorisFlask(app)\n",
    ),
    ("from flask import Flask\nshops = [Flask('a'), Flask('b')]\napp = shops[0]\n", None),
    ("from flask import Flask\ngenvoris = 1\napp = Flask(__name__)\n", None),
    ("from flask import Flask\na = Flask('shop')\napp = Flask('shop')\n", None),
]


@pytest.mark.parametrize(("before", "after"), SOURCES)
def test_sources(small: Project, before: str, after: str | None) -> None:
    """The extension is set up after the settings; where that isn't certain, nothing is proposed."""
    (small.folder / "shop.py").write_text(before)
    change = source.propose(small.load())
    assert (change.after if change else None) == after


@pytest.mark.parametrize(
    "value",
    ["plain", "two words", "a#b", 'say "it"', "it's", "back\\slash", "$HOME", '[{"a": "€"}]'],
)
def test_env_file_round_trip(tmp_path: Path, value: str) -> None:
    """What is written is what python-dotenv and the next run read."""
    path = tmp_path / ".env"
    path.write_text("A=1\nexport GENVORIS_SHOP_NAME=old\nB='2'")
    change = env_file.propose(path, {"GENVORIS_SHOP_NAME": value, "GENVORIS_PRIVACY_URL": "/p"})
    assert change is not None
    change.write()
    wanted = {"A": "1", "GENVORIS_SHOP_NAME": value, "B": "2", "GENVORIS_PRIVACY_URL": "/p"}
    assert env_file.read(path) == wanted
    if find_spec("dotenv"):  # not among what the oldest releases are tested with
        assert import_module("dotenv").dotenv_values(path) == wanted
    assert env_file.propose(path, wanted) is None


def test_setting_that_is_there_twice(tmp_path: Path) -> None:
    """A setting that a file has twice is there once afterwards, and the last one was in force."""
    path = tmp_path / ".env"
    path.write_text("GENVORIS_QUEUE=rq\nA=1\nGENVORIS_QUEUE=celery\n")
    assert env_file.propose(path, {"GENVORIS_QUEUE": "celery"}) is None
    change = env_file.propose(path, {"GENVORIS_QUEUE": "threads"})
    assert change is not None
    assert change.after == "GENVORIS_QUEUE=threads\nA=1\n"


def test_configured_setting(small: Project) -> None:
    """What app.config says is not asked, and is not contradicted in a file that nobody reads."""
    configured = 'app.config["GENVORIS_ALLOW_GUESTS"] = False\napp.secret_key = "secret"\n'
    source = FIVE_LINES.replace('app.secret_key = "secret"\n', configured)
    (small.folder / "shop.py").write_text(source)
    done = init(small, "--sandbox", "--guests", "--yes")
    assert done.exit_code == 1
    assert "GENVORIS_ALLOW_GUESTS is set in app.config" in done.output
    done = init(small, "--sandbox", "--yes", "--dry-run")
    assert done.exit_code == 0
    assert "GUESTS=" not in done.output
