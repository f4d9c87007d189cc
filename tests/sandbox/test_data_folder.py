"""Data folders: migrations, permissions, and files that are not databases."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genvoris_flask.sandbox.app import create_app
from genvoris_flask.sandbox.domain.schema import SCHEMA_VERSION, VERSION_1, VERSION_2
from genvoris_flask.sandbox.domain.signing_keys import KeyRing
from genvoris_flask.sandbox.domain.store import StoreError
from tests.support.local_genvoris import LocalGenvoris

OLD_ROWS = """
INSERT INTO shop VALUES ('shop_old', 41);
INSERT INTO plans VALUES (1, 'pln_old', 'Pro', 9, 'price_1', 1, 1.7e9, 1.7e9);
INSERT INTO customers VALUES
    (1, 'ec_old', 'ada', 'ada@example.com', 'pln_old', 'ACTIVE', '{"a": 1}', 1.7e9, 1.7025e9, 4,
     1.7e9, 1.7e9);
INSERT INTO periods VALUES ('ec_old', 1.69e9, 1.7e9, 7, 9);
PRAGMA user_version = 1;
"""


def test_migration_of_version_1(tmp_path: Path) -> None:
    """A folder of version 1 is migrated without loss."""
    with closing(sqlite3.connect(tmp_path / "sandbox.sqlite3")) as db:
        db.executescript(VERSION_1 + OLD_ROWS)
    sandbox = LocalGenvoris(tmp_path, credits_at_start=5)
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["current"] == {"used": 4, "limit": 9, "remaining": 5, "ok": True}
    assert [each["used"] for each in usage["history"]] == [7]
    assert sandbox.call("GET", "/customers/ada").get_json()["metadata"] == {"a": 1}
    answer = sandbox.tryon(sandbox.token()).get_json()
    assert answer["remaining_credits"] == 40


def test_migrated_tables_equal_new_tables(tmp_path: Path) -> None:
    """A migrated folder has the tables of a new one."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with closing(sqlite3.connect(tmp_path / "old/sandbox.sqlite3")) as db:
        db.executescript(VERSION_1 + OLD_ROWS)
    tables = []
    for name in ("old", "new"):
        LocalGenvoris(tmp_path / name)
        with closing(sqlite3.connect(tmp_path / name / "sandbox.sqlite3")) as db:
            tables.append(
                db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
            )
            assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert tables[0] == tables[1]


ROWS_OF_VERSION_2 = """
INSERT INTO plans VALUES (1, 'pln_old', 'Pro', 9, 'price_1', 1, 1.7e9, 1.7e9);
INSERT INTO customers VALUES
    (1, 'ec_old', 'ada', NULL, 'pln_old', 'ACTIVE', '{}', 1.7e9, 1.7025e9, 4, 1.7e9, 1.7e9),
    (2, 'ec_none', 'ben', NULL, NULL, 'ACTIVE', '{}', 1.7e9, 1.7025e9, 0, 1.7e9, 1.7e9);
INSERT INTO conversions VALUES (1, 'cnv_old', 'o1', 'custom', 900, 'EUR', 1, NULL, NULL, NULL, NULL,
    0, 1.7e9);
INSERT INTO returns VALUES (1, 'ret_old', 'cnv_old', 400, 'EUR', 'size', 1.7e9);
INSERT INTO sessions VALUES ('ec_old.1', 'ec_old', 1.7001e9, 0);
INSERT INTO endpoints VALUES (1, 'whe_old', 'http://127.0.0.1:9/', 's', '["plan.created"]', NULL, 1,
    1.7e9);
INSERT INTO deliveries VALUES
    (1, 'whd_7', 'whe_old', 'evt_1', 'plan.created', '{}', 'pending', 7, 1.8e9, 500, 'x', 1.7e9, 0),
    (2, 'whd_8', 'whe_old', 'evt_2', 'plan.created', '{}', 'pending', 8, 1.8e9, 500, 'x', 1.7e9, 0);
PRAGMA user_version = 2;
"""


def old_folder(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "sandbox.sqlite3")) as db:
        db.executescript(
            VERSION_1 + "INSERT INTO shop VALUES ('shop_old', 41);" + VERSION_2 + ROWS_OF_VERSION_2
        )


def test_migration_of_version_2(tmp_path: Path) -> None:
    """A folder of version 2 is migrated without loss."""
    old_folder(tmp_path)
    sandbox = LocalGenvoris(tmp_path)
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["current"] == {"used": 4, "limit": 9, "remaining": 5, "ok": True}
    nothing = sandbox.call("GET", "/customers/ben/usage").get_json()["data"]
    assert nothing["current"]["limit"] is None
    assert sandbox.call("GET", "/customers/ada/sessions").get_json() == {"data": []}
    assert sandbox.http.get("/sandbox/credits").get_json()["packs"][0]["expiresAt"] is None
    with closing(sqlite3.connect(tmp_path / "sandbox.sqlite3")) as db:
        kept = db.execute("SELECT id, platform, order_id, conversion_id FROM returns").fetchall()
    assert kept == [("ret_old", "custom", "o1", "cnv_old")]


def test_migrated_delivery_has_eight_attempts(tmp_path: Path) -> None:
    """A delivery of version 2 has no ninth attempt."""
    old_folder(tmp_path)
    listed = LocalGenvoris(tmp_path).http.get("/sandbox/deliveries").get_json()["data"]
    states = {each["id"]: (each["state"], each["nextAttemptAt"]) for each in listed}
    assert states["whd_8"] == ("dead", None)
    assert states["whd_7"][0] == "pending"


def test_newer_version_is_refused(tmp_path: Path) -> None:
    """Data of a newer version is refused with an explanation."""
    LocalGenvoris(tmp_path)
    with closing(sqlite3.connect(tmp_path / "sandbox.sqlite3")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99"):
        create_app(tmp_path)


def test_other_file_is_refused(tmp_path: Path) -> None:
    """A file that is not a database is refused with an explanation."""
    (tmp_path / "sandbox.sqlite3").write_text("this is no database, but it is long enough" * 50)
    with pytest.raises(StoreError, match="cannot be used"):
        create_app(tmp_path)


def test_data_survives_restart(tmp_path: Path) -> None:
    """Nothing is lost when the sandbox restarts."""
    before = LocalGenvoris(tmp_path)
    before.customer(quota=3)
    before.spend(1)
    token = before.token()
    after = LocalGenvoris(tmp_path, credits_at_start=5)
    assert after.used() == 1
    answer = after.tryon(token)
    assert answer.status_code == 200
    assert answer.get_json()["remaining_credits"] == 998


def modes(folder: Path) -> dict[str, int]:
    """Return what others may do with each file of the folder, and with the folder itself."""
    entries = [folder, *folder.iterdir()]
    return {entry.name: entry.stat().st_mode & 0o077 for entry in entries}


@pytest.fixture
def loose_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose_umask")
def test_new_folder_is_private(tmp_path: Path) -> None:
    """Only its owner can read a new folder."""
    folder = tmp_path / "a/data"
    sandbox = LocalGenvoris(folder, exclusive=True)
    sandbox.http.post("/sandbox/signing-keys")
    found = modes(folder)
    assert {"sandbox.sqlite3", "sandbox.sqlite3-wal", "in-use.sqlite3", "data"} <= set(found)
    del found[".gitignore"]
    assert not any(found.values()), found


@pytest.mark.usefixtures("loose_umask")
def test_existing_folder_becomes_private(tmp_path: Path) -> None:
    """An existing folder is made private."""
    folder = tmp_path / "data"
    folder.mkdir()
    old_folder(folder)
    for name in ("sandbox.sqlite3-wal", "in-use.sqlite3"):
        (folder / name).touch()
    assert all(modes(folder).values())
    LocalGenvoris(folder, exclusive=True)
    found = modes(folder)
    del found[".gitignore"]
    assert not any(found.values()), found


@pytest.mark.usefixtures("loose_umask")
def test_shared_folder_is_not_changed(tmp_path: Path) -> None:
    """A folder with other files is left unchanged."""
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o755)
    (folder / "app.py").touch()
    LocalGenvoris(folder)
    found = modes(folder)
    assert (found["shop"], found["app.py"], found["sandbox.sqlite3"]) == (0o055, 0o066, 0)
    assert ".gitignore" not in found


def test_folder_is_ignored_by_git(tmp_path: Path) -> None:
    """A new folder contains a .gitignore."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    LocalGenvoris(tmp_path / "data")
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
    (tmp_path / "data/.gitignore").write_text("mine")
    LocalGenvoris(tmp_path / "data")
    assert (tmp_path / "data/.gitignore").read_text() == "mine"


def test_signing_key_is_private(tmp_path: Path) -> None:
    """Only its owner can read the signing key."""
    KeyRing(tmp_path).current()
    assert (tmp_path / "signing-key.pem").stat().st_mode & 0o077 == 0
