"""Who shops here. Genvoris's id of a shopper is kept beside the shop's own."""

from __future__ import annotations

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]  # neither publishes types
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    genvoris_customer_id: Mapped[str | None]

    def set_password(self, password: str) -> None:
        # A demo with known passwords is started often: a cheap hash keeps that quick.
        self.password_hash = generate_password_hash(password, method="pbkdf2:sha256:1000")

    def has_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


def external_id(user: User) -> str:
    """Give the id that Genvoris knows this shopper by."""
    return f"user_{user.id}"
