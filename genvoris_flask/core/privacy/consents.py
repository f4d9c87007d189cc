"""What shoppers agree to before their photo is read, and the record that they did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .. import locales

MAX_TEXT, MAX_VERSION = 10_000, 64  # characters


@dataclass(frozen=True)
class ConsentText:
    """What a shopper agrees to, in one language.

    Attributes:
        text: The sentence beside the first checkbox.
        version: The shop's own name for this wording, such as ``2026-11``. Default: the beginning
            of the wording's digest. A new text or version is asked for anew.
    """

    text: str
    version: str | None = None


# The shop's own function: it takes the language and returns the text, or None for the default one.
ConsentHook = Callable[[str], ConsentText | str | None]


@dataclass(frozen=True)
class ConsentForm:
    """All that a shopper is shown and has to tick.

    Attributes:
        language: The language of the sentences.
        text: What they agree to.
        depicted: The statement that the photo shows them, or somebody who has agreed.
        age: The statement that they are old enough; None if the shop asks for no age.
        minimum_age: That age.
        given_version: The shop's own name for the wording.
    """

    language: str
    text: str
    depicted: str
    age: str | None
    minimum_age: int | None = None
    given_version: str | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of the wording, in hexadecimal."""
        wording = [self.language, self.text, self.depicted, self.age, self.given_version]
        return hashlib.sha256(json.dumps(wording, ensure_ascii=False).encode()).hexdigest()

    @property
    def version(self) -> str:
        """The wording's name."""
        return self.given_version or self.digest[:12]


def consent_form(
    language: str,
    hook: ConsentHook | None,
    minimum_age: int | None,
    shop: str | None,
    translate: locales.Translate = locales.translate,
) -> ConsentForm:
    """Return what a shopper is shown.

    Args:
        language: The page's language.
        hook: The shop's own function.
        minimum_age: The age that shoppers have to state, if any.
        shop: The name that shoppers know the shop by.
        translate: Returns what the shop's function does not say.

    Raises:
        TypeError: The shop's function returned neither a text nor None.
        ValueError: The text is empty or too long.
    """
    given = hook(language) if hook else None
    if isinstance(given, str):
        given = ConsentText(given)
    if given is not None and not isinstance(given, ConsentText):
        raise TypeError(
            "The function registered with @genvoris.consent_text must return a string, a "
            f"ConsentText or None, not {type(given).__name__}."
        )
    if given is not None and not 0 < len(given.text.strip()) <= MAX_TEXT:
        raise ValueError(f"A consent text must have 1 to {MAX_TEXT} characters.")
    if given is not None and len(given.version or "") > MAX_VERSION:
        raise ValueError(f"The version of a consent text may have {MAX_VERSION} characters.")

    def say(key: str, **values: object) -> str:
        return translate(f"consent.{key}", language, **values)

    return ConsentForm(
        language,
        given.text.strip() if given else say("text", shop=shop or say("shop")),
        say("depicted"),
        None if minimum_age is None else say("age", age=minimum_age),
        minimum_age,
        given.version if given else None,
    )


@dataclass(frozen=True)
class Giver:
    """Who agrees: a shopper by the shop's id, or a guest by a digest of their random id."""

    external_id: str | None = None
    guest: str | None = None


@dataclass(frozen=True)
class Consent:
    """The record that somebody agreed.

    Attributes:
        id: Its number.
        external_id: The shop's id of the shopper; None for a guest.
        guest: The digest of a guest's random id; None for a shopper.
        digest: The wording's SHA-256.
        version: The wording's name.
        language: The wording's language.
        text: What they agreed to.
        depicted: The statement about the photo that they ticked.
        age: The statement about their age that they ticked; None if there was none.
        given_at: When they agreed.
        withdrawn_at: When they withdrew it; None if they have not.
    """

    id: int
    external_id: str | None
    guest: str | None
    digest: str
    version: str
    language: str
    text: str
    depicted: str
    age: str | None
    given_at: datetime
    withdrawn_at: datetime | None


class ConsentStore(Protocol):
    """Keeps consents. Every call may raise ``LedgerUnavailableError``."""

    def give(self, giver: Giver, form: ConsentForm) -> Consent:
        """Record that somebody agrees; an earlier consent of theirs is replaced, not erased.

        A repeat of the current one changes nothing.
        """

    def current(self, giver: Giver) -> Consent | None:
        """Return the last consent that was not withdrawn."""

    def withdraw(self, giver: Giver) -> int:
        """Withdraw all consents of somebody, and return how many there were."""

    def of(self, external_id: str) -> list[Consent]:
        """Return all consents of a shopper, the oldest first."""

    def all(self, since: datetime | None = None) -> Iterator[Consent]:
        """Yield all consents for an audit, the oldest first.

        Args:
            since: Leaves out those that were given earlier.
        """
