"""The shop's users, with Genvoris's id of each, and the events that Genvoris sent."""

from __future__ import annotations

import datetime as dt

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
OWNER = "fen@example.com"


class User(UserMixin, db.Model):  # type: ignore[name-defined]  # neither publishes types
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    genvoris_customer_id: Mapped[str | None]

    @property
    def is_owner(self) -> bool:
        """Return whether this user owns the shop."""
        return self.email == OWNER

    def set_password(self, password: str) -> None:
        # The passwords of a demo are known, so a cheap hash that starts quickly is enough.
        self.password_hash = generate_password_hash(password, method="pbkdf2:sha256:1000")

    def has_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


class ReceivedEvent(db.Model):  # type: ignore[name-defined]
    """An event that Genvoris sent. ``received_at`` is in UTC."""

    __tablename__ = "news"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    text: Mapped[str]
    data: Mapped[str]
    received_at: Mapped[dt.datetime] = mapped_column(
        "came_at", default=lambda: dt.datetime.now(dt.UTC).replace(tzinfo=None)
    )


def external_id(user: User) -> str:
    """Return the external id under which Genvoris knows a shopper."""
    return f"user_{user.id}"


def find_user(their_id: str | None) -> User | None:
    """Return the user with an external id."""
    number = (their_id or "").removeprefix("user_")
    return db.session.get(User, int(number)) if number.isdigit() else None


def name_of(their_id: str | None) -> str:
    """Return the name of the shopper with an external id."""
    user = find_user(their_id)
    return user.name if user else "A guest"
