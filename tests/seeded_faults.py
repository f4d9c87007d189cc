"""Breaks one line of the ledger at a time, and says whether the random histories notice.

``python -m tests.seeded_faults`` takes a few minutes. It ends with status 1 if more than one fault
in ten is missed. Each fault is seeded into a copy of the package, on which the tests of random
histories run as `make test` runs them. Names of faults limit it to these.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = [
    "tests/unit/test_ledger_model.py",
    "tests/unit/test_subscription_model.py",
    "tests/unit/test_stripe_streams.py",
]
LEDGER = "genvoris_flask/core/ledger"


@dataclass(frozen=True)
class Fault:
    """One line, and what it becomes."""

    module: str
    right: str
    wrong: str


FAULTS = {
    # Drawing
    "free ones last": Fault("lots", "bool(lot.paid),", "not lot.paid,"),
    "soonest end ignored": Fault("lots", "lot.expires_at or _NEVER,", "_NEVER,"),
    "held lots drawn from": Fault(
        "lots", 'state == "active" and not self.holds', 'state == "active"'
    ),
    # Refunds, disputes and withdrawals
    "refunds rounded up": Fault(
        "lots",
        "return lot.granted * self.refunded // paid",
        "return -(-lot.granted * self.refunded // paid)",
    ),
    "latest refund counts": Fault(
        "reversal_records",
        "refund = max(stored, told, key=lambda each: each.refunded)",
        "refund = told",
    ),
    "refund of a line's share": Fault("reversal_records", "if row.source == WHOLE}", "if False}"),
    "lost disputes reopened": Fault(
        "reversal_records", 'return reversal.dispute == "lost", at', "return False, at"
    ),
    "refunds before a sale lost": Fault(
        "grants", 'return account.settle(lot, "refund", event)', "return lot"
    ),
    "withdrawals forgotten": Fault("grants", "taken_back=lot.taken_back + count", "taken_back=0"),
    "sales shrink below what is used": Fault(
        "grants", "granted = max(grant.units, lot.taken)", "granted = grant.units"
    ),
    "sales prolonged": Fault(
        "grants",
        '"expires_at": grant.expires_at or lot.expires_at,',
        '"expires_at": grant.expires_at or (grant.lasts and account.now + grant.lasts),',
    ),
    "guests' refunds forgotten": Fault(
        "grants", 'return apply_reversals(account, lot, f"claim:{lot.id}")', "return lot"
    ),
    # Try-ons
    "lapsed ones not given back": Fault(
        "accounts", 'self.give_back(self.lot(row.lot_id), "lapse", event, key)', "pass"
    ),
    "lapse a second too late": Fault(
        "accounts", "if row.lapses_at <= self.now:", "if row.lapses_at < self.now:"
    ),
    "lapsed ones committed": Fault(
        "reservations", 'reservations.c.lapses_at > bindparam("now"),', ""
    ),
    "given back to what has ended": Fault(
        "accounts", "lost = -1 if ended and lot.allowed > lot.used else 0", "lost = 0"
    ),
    "keys taken over": Fault(
        "reservations", "if known is not None and known.account != account.id:", "if False:"
    ),
    "late pictures counted against nothing": Fault(
        "reservations", "lot, change = late, Change(used=1)", "lot, change = late, Change()"
    ),
    # Time and events
    "ends a second too late": Fault("lots", "self.expires_at <= now", "self.expires_at < now"),
    "repeats counted": Fault(
        "events",
        "return Delivery(event_id, repeated=True)",
        "return Delivery(event_id, repeated=False)",
    ),
    # Subscriptions
    "older subscription counts": Fault(
        "allowances", "return max(found, key=", "return min(found, key="
    ),
    "larger plans not told": Fault(
        "allowances", "granted += max(0, units - highest) * share", "granted += 0"
    ),
    "up and down and up adds": Fault(
        "allowances", "max(0, units - highest)", "max(0, units - level)"
    ),
    "wrong periods stay": Fault("subscriptions", 'account.end(lot, "void", event)', "pass"),
    "pauses ignored": Fault("subscriptions", "wanted = set(subscription.holds)", "wanted = set()"),
    "disputed subscriptions pay": Fault(
        "subscriptions", 'return "dispute" not in lot.holds and', "return"
    ),
    "renewals of another plan": Fault(
        "subscribing", "return changes[-1] if changes else latest.units", "return latest.units"
    ),
}


def is_caught(fault: Fault) -> bool:
    """Return whether the tests fail on a copy of the package that has the fault."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("genvoris_flask", "tests"):
            shutil.copytree(
                ROOT / name, Path(folder, name), ignore=shutil.ignore_patterns("node_modules")
            )
        shutil.copy(ROOT / "pyproject.toml", folder)
        module = Path(folder, LEDGER, f"{fault.module}.py")
        text = module.read_text()
        assert text.count(fault.right) == 1, f"{fault.module} has no single {fault.right!r}"
        module.write_text(text.replace(fault.right, fault.wrong))
        options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-profile=unshrunk"]
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *TESTS],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert ended.returncode in (0, 1), ended.stdout
        return ended.returncode == 1


def main(names: list[str]) -> int:
    """Seed each fault, and print what became of it."""
    chosen = {name: FAULTS[name] for name in names or FAULTS}
    caught = 0
    for name, fault in chosen.items():
        found = is_caught(fault)
        caught += found
        print(f"{'caught' if found else 'MISSED':8}{name}", flush=True)
    print(f"{caught} of {len(chosen)} faults were caught.")
    return int(caught < 0.9 * len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
