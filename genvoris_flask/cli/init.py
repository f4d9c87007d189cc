"""``flask genvoris init``: sets a shop up, from its settings to the check that all of it works."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask.cli import ScriptInfo

from ..core.setting_checks import CHECKS
from ..errors import ConfigurationError, see
from ..settings import read_settings
from .output import FILLED, Failure
from .setup import env_file, source, templates
from .setup.answers import SANDBOX_KEY, SANDBOX_URL, Answers, Options
from .setup.changes import Change, shown
from .setup.options import SETTINGS, setting_options
from .setup.project import Project
from .setup.steps import Commands

FILE = click.Path(dir_okay=False, path_type=Path)
DATABASES = ("GENVORIS_DATABASE_URL", "GENVORIS_DATABASE")


@click.command(short_help="Set the shop up: settings, templates, tables, webhooks.")
@click.option("--yes", is_flag=True, help="Ask nothing: take defaults, and make all changes.")
@click.option("--dry-run", is_flag=True, help="Only show what would be changed.")
@click.option(
    "--sandbox",
    is_flag=False,
    flag_value=SANDBOX_URL,
    metavar="[URL]",
    help="Use a local Genvoris, without an account.",
)
@click.option("--shop-url", type=FILLED, help="The shop's address, where webhooks are sent.")
@click.option("--template", type=FILE, help="The template of the product page.")
@click.option("--no-code", is_flag=True, help="Leave templates and Python files alone.")
@click.option("--env-file", "env_path", type=FILE, help="Default: the .env that Flask reads.")
@setting_options
def init(
    yes: bool,
    dry_run: bool,
    sandbox: str | None,
    shop_url: str | None,
    template: Path | None,
    no_code: bool,
    env_path: Path | None,
    **given: str | None,
) -> None:
    """Set the shop up, step by step.

    Finds Flask-Login, Flask-Security, SQLAlchemy, Stripe, Celery and RQ in the app, asks for what
    it can't know, shows each change of a file as a diff, and makes none before every question is
    answered. Then creates the ledger's tables, registers webhooks, and ends with `check`. Running
    it again continues with what is missing. No secret is printed.
    """
    context = click.get_current_context()
    path = (env_path or env_file.find(Path.cwd())).absolute()
    project = Project.of(context.ensure_object(ScriptInfo), path)
    click.echo(f"Found: {project.summary()}.")
    options = {SETTINGS[name]: value for name, value in given.items() if value}
    for key, value in options.items():
        _checked(key, value)
    answers = Answers(project, Options(yes=yes, sandbox=sandbox, shop_url=shop_url, given=options))
    values = _to_write(project, answers.ask())
    environ = {**project.environ, **values}
    _check_together(project, environ)
    setup = _Setup(project, values, answers.shop_url)
    setup.propose(None if no_code else template, code=not no_code, choose=not (yes or dry_run))
    if dry_run:
        click.echo("Nothing was changed.")
        return
    if setup.steps and not yes:
        click.echo("".join(f"\n- {step}" for step in setup.steps))
        click.confirm("Do this now?", default=True, abort=True)
    setup.write()
    context.exit(setup.finish(Commands(environ)))


class _Setup:
    """What is about to be changed.

    Args:
        project: The shop.
        values: The settings to write.
        shop_url: Where webhooks shall be sent.
    """

    def __init__(self, project: Project, values: Mapping[str, str], shop_url: str | None) -> None:
        self._project = project
        self._values = values
        self._shop_url = shop_url
        self._changes: list[Change] = []
        self._by_hand: list[str] = []
        self._is_complete = project.has_extension

    def propose(self, template: Path | None, *, code: bool, choose: bool) -> None:
        """Show all changes of files.

        Args:
            template: The template of the product page, if it was named.
            code: Whether templates and Python files may be changed.
            choose: Whether to ask about each of these.
        """
        path = self._project.env_path
        if saved := env_file.propose(path, self._values):
            self._add(saved, "The settings:", choose=False)
            if ignored := env_file.propose_ignored(path):
                self._add(ignored, f"{path.name} holds secrets, so Git shall ignore it:")
        app = self._project.app
        if not self._project.has_extension:
            setup = source.propose(app) if code else None
            self._is_complete = self._add(setup, "Set the extension up:", choose=choose)
            if not self._is_complete:
                self._by_hand.append(source.BY_HAND)
        if not templates.has_lines(app):
            lines = templates.propose(app, template) if code else None
            if not self._add(lines, "The try-on button on the product page:", choose=choose):
                self._by_hand.append(templates.BY_HAND)

    def _add(self, change: Change | None, title: str, *, choose: bool = False) -> bool:
        """Show a change; return whether it will be made."""
        if change is None:
            return False
        click.secho(f"\n{title}", bold=True)
        click.echo(change.diff())
        if choose and not click.confirm(f"Change {shown(change.path)} like this?", default=True):
            return False
        self._changes.append(change)
        return True

    @property
    def steps(self) -> list[str]:
        """What will be changed, for the last question."""
        files = [f"write {shown(change.path)}" for change in self._changes]
        if not self._is_complete:
            return files
        tables = ["create the ledger's tables, or bring them up to date"] * self._has_ledger
        plans = ["make the plans at Genvoris match GENVORIS_PLANS"] * self._has_plans
        hooks = [f"have webhooks sent to {self._webhook_url}"] if self._shop_url else []
        return files + tables + plans + hooks

    def write(self) -> None:
        """Write the files."""
        for change in self._changes:
            change.write()
            click.echo(f"{shown(change.path)} is written.")
        if find_spec("dotenv") is None and (self._values or self._project.saved):
            click.echo(
                "Flask reads .env only with python-dotenv: pip install python-dotenv. Or have your "
                "process manager export what is in it."
            )

    def finish(self, commands: Commands) -> int:
        """Run the commands that follow, and return the exit status of the check.

        Raises:
            Failure: One of them failed, or the extension has to be set up by hand first.
        """
        for text in self._by_hand:
            click.echo(f"\n{text}")
        if not self._is_complete:
            raise Failure("Then run `flask genvoris init` again, which continues from there.")
        guests = _checked("GENVORIS_ALLOW_GUESTS", self._setting("GENVORIS_ALLOW_GUESTS") or False)
        if self._project.login is None and not guests:
            click.echo(
                "\nNo Flask-Login was found: register who is shopping with "
                f"@genvoris.shopper_loader ({see('shoppers.md')})."
            )
        if commands.environ["GENVORIS_API_KEY"] == SANDBOX_KEY:
            port = urlsplit(commands.environ["GENVORIS_TRYON_URL"]).port or 80
            click.echo(
                "\nThe local Genvoris has to run beside the shop: flask genvoris sandbox "
                f"--port {port} --api-key {SANDBOX_KEY}"
            )
        if self._has_ledger:
            commands.need("db", "upgrade")
        if self._has_plans:
            commands.need("plans", "sync")
        if self._shop_url:
            commands.register_webhooks(self._webhook_url)
        return commands.run("check")

    def _setting(self, key: str) -> object:
        return self._values.get(key) or self._project.setting(key)

    @property
    def _has_ledger(self) -> bool:
        return any(self._setting(key) for key in DATABASES)

    @property
    def _has_plans(self) -> bool:
        return bool(self._setting("GENVORIS_PLANS"))

    @property
    def _webhook_url(self) -> str:
        prefix = self._setting("GENVORIS_URL_PREFIX") or "/genvoris"
        return f"{(self._shop_url or '').rstrip('/')}{prefix}/webhook"


def _to_write(project: Project, values: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that are not in force yet.

    Raises:
        Failure: One has another value in a place that comes first.
    """
    wanted = {}
    for key, value in values.items():
        known = project.setting(key)
        if known is not None and _checked(key, known) == _checked(key, value):
            continue
        if project.is_configured(key):
            raise Failure(f"{key} is set in app.config, which comes first: change it there.")
        if known is not None and project.saved.get(key) != known:
            raise Failure(f"{key} is set in the environment, which comes first: change it there.")
        wanted[key] = value
    return wanted


def _checked(key: str, value: object) -> object:
    try:
        return CHECKS[key](key, value)
    except ConfigurationError as error:
        raise Failure(str(error)) from None


def _check_together(project: Project, environ: Mapping[str, str]) -> None:
    try:
        read_settings(project.app.config, environ)
    except ConfigurationError as error:
        raise Failure(f"Nothing was changed. {error}") from None
