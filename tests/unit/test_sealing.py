"""What is sealed can be read by whoever has the secret, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.storage.sealing import OVERHEAD, SecretSealer


def sealer(*secrets: str | bytes) -> SecretSealer:
    return SecretSealer(lambda: secrets)


SEALED = sealer("secret").seal("session:1", b"a token")


@given(value=st.binary(max_size=2000), name=st.text(max_size=50))
def test_whoever_has_the_secret_reads_what_was_sealed(value: bytes, name: str) -> None:
    """Another process has made its own key from the same secret."""
    sealed = sealer("secret").seal(name, value)
    assert sealer("secret").unseal(name, sealed) == value
    assert len(sealed) == len(value) + OVERHEAD
    assert OVERHEAD < 32


def test_the_same_value_is_never_sealed_alike() -> None:
    """Nobody sees that two values are the same."""
    assert sealer("secret").seal("session:1", b"a token") != SEALED
    assert b"token" not in SEALED


@given(sealed=st.binary(max_size=200))
def test_what_was_not_sealed_is_a_miss(sealed: bytes) -> None:
    """Also what an earlier version has left in clear."""
    assert sealer("secret").unseal("session:1", sealed) is None


@pytest.mark.parametrize(
    "sealed",
    [None, b"", b'{"token": "a"}', SEALED[:-1], SEALED + b"\0"],
    ids=["nothing", "empty", "in clear", "cut off", "longer"],
)
def test_what_is_not_whole_is_a_miss(sealed: bytes | None) -> None:
    assert sealer("secret").unseal("session:1", sealed) is None


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_what_was_changed_is_a_miss(position: int) -> None:
    """In any of its bytes."""
    changed = bytearray(SEALED)
    changed[position] ^= 1
    assert sealer("secret").unseal("session:1", bytes(changed)) is None


def test_what_was_moved_is_a_miss() -> None:
    """A shopper's token does not become another's."""
    assert sealer("secret").unseal("session:2", SEALED) is None


def test_a_secret_is_replaced_while_its_fallbacks_still_read() -> None:
    """As Flask does with the cookies of sessions."""
    assert sealer("new", "secret").unseal("session:1", SEALED) == b"a token"
    assert sealer("new").unseal("session:1", SEALED) is None
    sealed = sealer("new", "secret").seal("session:1", b"another")
    assert sealer("new").unseal("session:1", sealed) == b"another"
    assert sealer("secret").unseal("session:1", sealed) is None


def test_a_secret_may_be_set_after_start_up_and_change() -> None:
    secrets: list[str | bytes] = [b"first"]
    changing = SecretSealer(lambda: secrets)
    sealed = changing.seal("session:1", b"a token")
    secrets.insert(0, b"second")
    assert changing.unseal("session:1", sealed) == b"a token"
    assert sealer("second").unseal("session:1", changing.seal("session:1", b"new")) == b"new"


def test_a_secret_may_be_text_or_bytes() -> None:
    assert sealer(b"secret").unseal("session:1", SEALED) == b"a token"
