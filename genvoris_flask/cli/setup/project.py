"""What a shop uses: found in its app's extensions, its settings and the installed packages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask
from flask.cli import ScriptInfo

from ...web.state import EXTENSION_KEY
from . import env_file

ENABLED = "GENVORIS_ENABLED"
REDIS = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True)
class Project:
    """A shop's app and what was found in it.

    Attributes:
        app: The app, loaded without try-on.
        env_path: The ``.env`` file.
        saved: What it sets.
        environ: The environment, with what it sets.
    """

    app: Flask
    env_path: Path
    saved: Mapping[str, str]
    environ: Mapping[str, str]

    @classmethod
    def of(cls, info: ScriptInfo, env_path: Path) -> Project:
        """Return the project of the app that ``flask --app …`` names."""
        saved = env_file.read(env_path)
        with without_tryon():
            app = info.load_app()
        return cls(app, env_path, saved, saved | dict(os.environ))

    def setting(self, key: str) -> Any:
        """Return a setting that is there already, or None; app.config takes precedence."""
        if self.is_configured(key):
            return self.app.config[key]
        return self.environ.get(key) or None

    def is_configured(self, key: str) -> bool:
        """Return whether app.config has a setting, which then comes first."""
        return self.app.config.get(key) not in (None, "")

    @property
    def has_extension(self) -> bool:
        """Whether the app sets ``GenvorisFlask`` up."""
        return EXTENSION_KEY in self.app.extensions

    @property
    def login(self) -> str | None:
        """The extension that says who is logged in."""
        if "security" in self.app.extensions:
            return "Flask-Security"
        return "Flask-Login" if hasattr(self.app, "login_manager") else None

    @property
    def verifies_addresses(self) -> bool:
        """Whether Flask-Security has shoppers confirm their e-mail address."""
        confirms = bool(self.app.config.get("SECURITY_CONFIRMABLE"))
        return self.login == "Flask-Security" and confirms

    @property
    def database_url(self) -> str | None:
        """The address of Flask-SQLAlchemy's database, with its password and its whole path."""
        with self.app.app_context():
            engine = getattr(self.app.extensions.get("sqlalchemy"), "engine", None)
            return engine.url.render_as_string(hide_password=False) if engine else None

    @property
    def queue(self) -> str | None:
        """The queue whose workers the shop has: celery or rq."""
        if "celery" in self.app.extensions:
            return "celery"
        return "rq" if "rq" in self.app.extensions else None

    @property
    def redis_url(self) -> str | None:
        """The Redis that the shop uses for something else."""
        settings = self.app.config
        nested = settings.get("CELERY")
        celery = nested if isinstance(nested, Mapping) else {}
        found = (celery.get("broker_url"), settings.get("CELERY_BROKER_URL"))
        named = (settings.get("RQ_REDIS_URL"), settings.get("REDIS_URL"))
        for url in (*found, *named, self.environ.get("REDIS_URL")):
            if isinstance(url, str) and url.startswith(REDIS):
                return url
        return None

    @property
    def uses_stripe(self) -> bool:
        """Whether Stripe's library is installed, or a setting of the shop is about Stripe."""
        names = (*self.app.config, *self.environ)
        return find_spec("stripe") is not None or any(n.startswith("STRIPE_") for n in names)

    def summary(self) -> str:
        """Return what was found, for a person."""
        queues = {"celery": "Celery", "rq": "RQ", None: None}
        found = [
            "GenvorisFlask" if self.has_extension else None,
            self.login,
            "Flask-SQLAlchemy" if "sqlalchemy" in self.app.extensions else None,
            queues[self.queue],
            "Stripe" if self.uses_stripe else None,
        ]
        return ", ".join(filter(None, found)) or "nothing that Genvoris works with by itself"


@contextmanager
def without_tryon() -> Iterator[None]:
    """Let the app be loaded although its settings are not there yet."""
    before = os.environ.get(ENABLED)
    os.environ[ENABLED] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[ENABLED]
        else:
            os.environ[ENABLED] = before
