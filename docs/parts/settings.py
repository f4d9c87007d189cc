"""The tables of settings, from the docstring of ``Settings`` and its defaults."""

from __future__ import annotations

import dataclasses
import inspect
import re

from genvoris_flask.settings import Settings

# The settings of each group in docs/settings.md. One that is in no list stands with the setting
# before it in `Settings`.
GROUPS: dict[str, str] = {
    "Genvoris": "enabled api_key api_url tryon_url issuer jwks_url result_hosts",
    "Pages and the widget": "url_prefix widget_url widget_integrity widget_api_key session_ttl "
    "page_budget inline_session max_shoppers button texts csp_nonce trusted_origins shop_name "
    "support_url categories",
    "Shoppers": "external_id_prefix user_id_attribute email_verified_attribute allow_guests "
    "login_url",
    "Charging": "charging plans default_plan upgrade_url packs single_hours free_tryons credits "
    "credit_days grace_days roll_over prorate_units downgrade_at_once stripe_webhook_secret "
    "stripe_api_key stripe_metadata_only",
    "Redis and the database": "store_url store_namespace database_url database",
    "Try-ons": "max_upload_bytes upload_timeout phone_handover tryon_concurrency "
    "tryons_per_shopper tryon_timeout result_ttl queue queue_name queue_size "
    "passthrough_concurrency",
    "Limits": "guest_tryons_per_day tryons_per_day shop_tryons_per_day limit_session limit_tryons "
    "limit_events limit_webhook pace_mints pace_registrations pace_new_shoppers pace_tryons "
    "burn_guard",
    "Privacy": "privacy_url require_consent minimum_age keep_consents_days keep_books_days "
    "keep_pictures_days erase_on_logout erase_deleted_users picture_credit visible_mark "
    "c2pa_certificate c2pa_private_key c2pa_timestamp_url",
    "Operation": "webhook_secret alert_url metrics metrics_token holdout console_attribute "
    "console_role",
}
PAGES = {
    "Genvoris": "[Genvoris's API](genvoris-api.md), [the sandbox](sandbox.md)",
    "Pages and the widget": "[the widget](widget.md), [caching](caching.md), [CSP](csp.md)",
    "Shoppers": "[identifying shoppers](shoppers.md)",
    "Charging": "[selling try-ons](billing.md), [paywalls](paywall.md)",
    "Redis and the database": "[Redis](redis.md), [the ledger](billing.md#a-ledger)",
    "Try-ons": "[the routes](http.md), [RQ and Celery](queues.md)",
    "Limits": "[pacing](pacing.md), [rate limits](http.md#origin-checks-and-rate-limits)",
    "Privacy": "[privacy](privacy.md)",
    "Operation": "[webhooks](webhooks.md), [metrics](production.md#metrics), "
    "[figures](figures.md), [the console](console.md)",
}


def tables() -> str:
    """Return a table of the settings of each group."""
    meanings = setting_meanings()
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    parts = []
    for group, names in setting_groups(list(meanings)).items():
        rows = [
            f"| `GENVORIS_{name.upper()}` | {without_default(meanings[name])} "
            f"| {default_of(fields[name], meanings[name])} |"
            for name in names
        ]
        parts.append(
            f"### {group}\n\nMore in {PAGES[group]}.\n\n| setting | | default |\n"
            "| --- | --- | --- |\n" + "\n".join(rows)
        )
    return "\n\n".join(parts)


def setting_groups(names: list[str]) -> dict[str, list[str]]:
    """Return the names of each group; one without a group joins that of the name before it."""
    group_of = {name: group for group, listed in GROUPS.items() for name in listed.split()}
    current = next(iter(GROUPS))
    for name in names:
        current = group_of.setdefault(name, current)
    order = [name for listed in GROUPS.values() for name in listed.split() if name in names]
    order += [name for name in names if name not in order]
    return {group: [name for name in order if group_of[name] == group] for group in GROUPS}


def setting_meanings() -> dict[str, str]:
    """Return what the docstrings of ``Settings`` and its bases say of each, in Markdown."""
    docs = [inspect.getdoc(each) or "" for each in reversed(Settings.__mro__)]
    lines = "\n".join(doc.partition("Attributes:\n")[2] for doc in docs)
    found = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", lines, re.MULTILINE)
    return {
        name: full_names(re.sub(r"\s+", " ", meaning).replace("``", "`")) for name, meaning in found
    }


def full_names(text: str) -> str:
    """Return a text with other settings' names as a shop writes them."""
    names = {field.name for field in dataclasses.fields(Settings) if "_" in field.name}
    return re.sub(
        "`([a-z_]+)`",
        lambda found: f"`GENVORIS_{found[1].upper()}`" if found[1] in names else found[0],
        text,
    )


# "Default 900." or "Default: no ledger; …", to the end of the sentence.
DEFAULT = re.compile(r" ?Default:? ((?:`[^`]*`|[^.`]|\.(?=\S))+)\. ?")


def default_of(field: dataclasses.Field[object], meaning: str) -> str:
    """Return a setting's default as its docstring says it, or else as its field has it."""
    if said := DEFAULT.search(meaning):
        return said[1]
    if field.default is dataclasses.MISSING:
        return "required"
    return f"`{field.default}`" if field.default else "–"


def without_default(meaning: str) -> str:
    """Return a meaning without the clause about the default."""
    text = DEFAULT.sub(" ", meaning, count=1).replace("|", "\\|")
    return text.strip().removesuffix(" Required.")
