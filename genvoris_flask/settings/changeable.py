"""Settings that the shop's owner may change while the shop runs, over ``app.config``.

Only what is listed here can be changed. Keys, secrets, addresses of servers and databases, and what
names the shop's records cannot, so they are never stored or exported.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..core.button_design import FIELDS, PLAIN, ButtonDesign
from ..core.charging.credits import CreditRule
from ..core.charging.packs import Pack
from ..core.setting_checks import CHECKS
from ..core.texts import valid_texts
from ..core.validators import Number
from ..errors import ConfigurationError
from .model import Settings
from .reading import PREFIX, check_together

Kind = Literal[
    "flag",
    "number",
    "share",
    "rate",
    "text",
    "link",
    "path",
    "ways",
    "packs",
    "credits",
    "button",
    "categories",
    "wording",
]
Group = Literal["charging", "button", "texts", "wording", "limits", "products"]
MAX_BYTES = 65_535  # of a TEXT in MySQL and MariaDB


class SettingsRefusedError(ConfigurationError):
    """Some settings cannot be changed as asked, and none were.

    Attributes:
        problems: What is wrong with each, by its key.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems: dict[str, str] = dict(problems)


@dataclass(frozen=True)
class Changeable:
    """A setting that may be changed.

    Attributes:
        name: Its name in ``Settings``.
        group: The page on which it is changed.
        kind: What its values are.
    """

    name: str
    group: Group
    kind: Kind

    @property
    def key(self) -> str:
        """Its name in ``app.config``."""
        return PREFIX + self.name.upper()

    @property
    def range(self) -> Number | None:
        """The numbers that it may have, if it is a number."""
        check = CHECKS[self.key]
        return check if isinstance(check, Number) else None

    def check(self, value: Any) -> Any:
        """Return a value as ``Settings`` has it; None is the setting's default.

        Raises:
            ConfigurationError: The value is wrong.
        """
        return DEFAULTS[self.name] if value is None else CHECKS[self.key](self.key, value)


def _group(group: Group, **kinds: Kind) -> dict[str, Changeable]:
    found = (Changeable(name, group, kind) for name, kind in kinds.items())
    return {each.key: each for each in found}


DEFAULTS = {
    field.name: field.default if made is dataclasses.MISSING else made()
    for field in dataclasses.fields(Settings)
    for made in [field.default_factory]
    if {field.default, made} != {dataclasses.MISSING}
}
# A rate that is changed begins to count anew. So how many unknown shoppers Genvoris is shown is not
# among them: for too many it suspends the shop's key. The ways to charge come after what they need.
CHANGEABLE: dict[str, Changeable] = {
    **_group(
        "charging",
        packs="packs",
        single_hours="number",
        free_tryons="number",
        credits="credits",
        credit_days="number",
        roll_over="flag",
        prorate_units="flag",
        downgrade_at_once="flag",
        allow_guests="flag",
        upgrade_url="link",
        charging="ways",
    ),
    **_group("button", button="button", preview_page="path"),
    **_group(
        "texts",
        shop_name="text",
        support_url="link",
        privacy_url="link",
        login_url="link",
        picture_credit="text",
    ),
    **_group("wording", texts="wording"),
    **_group(
        "limits",
        tryons_per_day="number",
        guest_tryons_per_day="number",
        shop_tryons_per_day="number",
        holdout="share",
        keep_pictures_days="number",
        limit_tryons="rate",
        limit_session="rate",
        limit_events="rate",
        pace_tryons="rate",
        pace_mints="rate",
        pace_registrations="rate",
        burn_guard="flag",
    ),
    **_group("products", categories="categories"),
}


def find_changeable(key: str) -> Changeable:
    """Return the declaration of a setting that may be changed.

    Raises:
        ConfigurationError: It may not be changed while the shop runs, or there is no such setting.
    """
    if key in CHANGEABLE:
        return CHANGEABLE[key]
    if key in CHECKS:
        raise ConfigurationError(
            f"{key} cannot be changed while the shop runs: set it in app.config or the "
            "environment, and deploy."
        )
    near = difflib.get_close_matches(key, CHANGEABLE, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ConfigurationError(f"{key} is not a setting of genvoris-flask.{hint}")


def with_changes(base: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return settings with changes laid over them.

    Args:
        base: The settings of ``app.config`` and the environment.
        changes: Values by key, as in ``app.config``. None returns a setting to its default.

    Raises:
        SettingsRefusedError: Some values are wrong, or do not go together.
    """
    values, problems = {}, {}
    for key, value in changes.items():
        try:
            declared = find_changeable(key)
            values[declared.name] = declared.check(value)
        except ConfigurationError as error:
            problems[key] = str(error)
    if problems:
        raise SettingsRefusedError(problems)
    settings = dataclasses.replace(base, **values)
    try:
        check_together(settings)
    except ConfigurationError as error:
        raise SettingsRefusedError({_subject(error, changes): str(error)}) from None
    return settings


def refuse_long(changes: Mapping[str, Any]) -> None:
    """Raise if values, by key, are too long for the database that holds the shortest ones.

    Raises:
        SettingsRefusedError: Some are.
    """
    sizes = {
        key: len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for key, value in changes.items()
    }
    problems = {
        key: f"{key} is too long to be stored: {size:,} bytes as JSON, of at most {MAX_BYTES:,}."
        for key, size in sizes.items()
        if size > MAX_BYTES
    }
    if problems:
        raise SettingsRefusedError(problems)


def with_good_changes(
    base: Settings, changes: Mapping[str, Any]
) -> tuple[Settings, dict[str, str]]:
    """Return settings with those changes that are still valid, and why others are not, by key.

    A change may have become wrong by a new ``app.config``, or a new version of this package.
    """
    try:
        return with_changes(base, changes), {}
    except SettingsRefusedError:
        pass
    settings, problems = base, {}
    for key in in_order(changes):
        try:
            settings = with_changes(settings, {key: changes[key]})
        except SettingsRefusedError as error:
            problems[key] = " ".join(error.problems.values())
            if key in CHANGEABLE and CHANGEABLE[key].kind == "wording":
                # One text that is unknown since an upgrade does not take the others with it.
                settings = with_changes(settings, {key: valid_texts(changes[key])})
    return settings, problems


def plain(value: Any) -> Any:
    """Return a value of ``Settings`` as ``app.config`` and JSON have it.

    A function of the shop's own, which neither can represent, is None.
    """
    match value:
        case ButtonDesign():
            given = {name: getattr(value, field) for name, (field, _) in FIELDS.items()}
            known = {name: getattr(PLAIN, field) for name, (field, _) in FIELDS.items()}
            return {name: each for name, each in given.items() if each != known[name]} or None
        case CreditRule():
            counts = {"per_order": value.per_order, "per_item": value.per_item}
            return {name: each for name, each in counts.items() if each is not None} or None
        case Pack():
            given = dataclasses.asdict(value)
            return {name: each for name, each in given.items() if each is not None}
        case tuple():
            return [plain(each) for each in value]
    return None if callable(value) else value


def in_order(keys: Collection[str]) -> list[str]:
    """Return keys in the order in which they are declared, unknown ones last."""
    places = {key: place for place, key in enumerate(CHANGEABLE)}
    return sorted(keys, key=lambda key: (places.get(key, len(places)), key))


def _subject(error: ConfigurationError, changes: Mapping[str, Any]) -> str:
    """Return the setting that an error is about, by the key that its message begins with."""
    first = str(error).split(" ", 1)[0]
    return first if first in CHANGEABLE else next(iter(changes))
