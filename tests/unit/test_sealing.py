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
def test_value_is_unsealed_with_the_same_secret(value: bytes, name: str) -> None:
    """Another process derives the same key from it."""
    sealed = sealer("secret").seal(name, value)
    assert sealer("secret").unseal(name, sealed) == value
    assert len(sealed) == len(value) + OVERHEAD
    assert OVERHEAD < 32


def test_equal_values_are_sealed_differently() -> None:
    """Nobody sees that two values are equal."""
    assert sealer("secret").seal("session:1", b"a token") != SEALED
    assert b"token" not in SEALED


@given(sealed=st.binary(max_size=200))
def test_unsealed_value_is_a_miss(sealed: bytes) -> None:
    """Such as one that an earlier version wrote in clear text."""
    assert sealer("secret").unseal("session:1", sealed) is None


@pytest.mark.parametrize(
    "sealed",
    [None, b"", b'{"token": "a"}', SEALED[:-1], SEALED + b"\0"],
    ids=["nothing", "empty", "in clear", "cut off", "longer"],
)
def test_incomplete_value_is_a_miss(sealed: bytes | None) -> None:
    """Nothing that is cut off or extended is read."""
    assert sealer("secret").unseal("session:1", sealed) is None


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_changed_value_is_a_miss(position: int) -> None:
    """In any of its bytes."""
    changed = bytearray(SEALED)
    changed[position] ^= 1
    assert sealer("secret").unseal("session:1", bytes(changed)) is None


def test_moved_value_is_a_miss() -> None:
    """One shopper's token does not become another's."""
    assert sealer("secret").unseal("session:2", SEALED) is None


def test_fallbacks_unseal_but_do_not_seal() -> None:
    """As with Flask's session cookies."""
    assert sealer("new", "secret").unseal("session:1", SEALED) == b"a token"
    assert sealer("new").unseal("session:1", SEALED) is None
    sealed = sealer("new", "secret").seal("session:1", b"another")
    assert sealer("new").unseal("session:1", sealed) == b"another"
    assert sealer("secret").unseal("session:1", sealed) is None


def test_secret_may_change_at_any_time() -> None:
    """It is read anew for each value."""
    secrets: list[str | bytes] = [b"first"]
    changing = SecretSealer(lambda: secrets)
    sealed = changing.seal("session:1", b"a token")
    secrets.insert(0, b"second")
    assert changing.unseal("session:1", sealed) == b"a token"
    assert sealer("second").unseal("session:1", changing.seal("session:1", b"new")) == b"new"


def test_secret_may_be_bytes() -> None:
    """They are equal to the same text."""
    assert sealer(b"secret").unseal("session:1", SEALED) == b"a token"
