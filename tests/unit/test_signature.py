"""Signatures of deliveries: the published vectors, and all that must be refused."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.webhooks.signature import sign, verify
from genvoris_flask.errors import SignatureError

T = 1_700_000_000
SECRET = "test_webhook_secret"
BODY = b'{"type":"end_customer.created","id":"cus_1"}'
V1 = "b85499f5b17953ab98737d13670d8de2efb29f7faae1784737c991e028707e60"
VECTORS = [
    (SECRET, BODY, V1),
    (
        "whsec_test_phase6",
        b'{"type":"tryon.completed","id":"evt_1"}',
        "546253a0f5ccb6845665ddff7eba06a1ef8a58004a9732e1fe376a179d953f3e",
    ),
]


def signed(secret: str, body: bytes, timestamp: str = str(T)) -> str:
    message = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("secret", "body", "v1"), VECTORS, ids=["first", "second"])
def test_published_vectors(secret: str, body: bytes, v1: str) -> None:
    """Genvoris's published vectors are signed and verified."""
    assert sign(secret, body, T) == f"t={T},v1={v1}"
    verify(f"t={T},v1={v1}", body, [secret], T)


ARABIC = "".join(chr(0x660 + int(digit)) for digit in str(T))
REFUSED = {
    "empty": "",
    "none": None,
    "only commas": ",,,",
    "t alone": f"t={T}",
    "t without a value": f"t=,v1={V1}",
    "v1 alone": f"v1={V1}",
    "v1 without a value": f"t={T},v1=",
    "t twice": f"t={T},t={T},v1={V1}",
    "two times that differ": f"t={T},t={T + 1},v1={V1}",
    "a time of Arabic digits": f"t={ARABIC},v1={V1}",
    "a time with a sign": f"t=+{T},v1={V1}",
    "a negative time": f"t=-{T},v1={V1}",
    "a time with a fraction": f"t={T}.0,v1={V1}",
    "an endless time": f"t={'9' * 500},v1={V1}",
    "no hexadecimal digits": f"t={T},v1={'z' * 64}",
    "odd length": f"t={T},v1={V1[:-1]}",
    "too short": f"t={T},v1={V1[:-2]}",
    "too long": f"t={T},v1={V1}00",
    "spaces within": f"t={T},v1={V1[:30]}  {V1[32:]}",
    "another scheme": f"t={T},v0={V1}",
    "a line end": f"t={T},v1={V1}\n",
    "full-width digits": f"t={T},v1={V1.replace('0', chr(0xFF10))}",
    "beyond a sane length": f"t={T}," + "v0=x," * 300 + f"v1={V1}",
    "a stranger's": f"t={T},v1={signed('someone else', BODY)}",
    "of another time": f"t={T},v1={signed(SECRET, BODY, str(T - 1))}",
    "of no time": f"t={T},v1={hmac.new(SECRET.encode(), BODY, 'sha256').hexdigest()}",
}


@pytest.mark.parametrize("header", REFUSED.values(), ids=REFUSED.keys())
def test_invalid_header(header: str | None) -> None:
    """A missing, malformed or forged header is refused."""
    with pytest.raises(SignatureError):
        verify(header, BODY, [SECRET], T)


class CountedBody(bytes):
    """Bytes that count how often they are signed."""

    signed = 0

    def __radd__(self, head: bytes) -> bytes:
        self.signed += 1
        return head + bytes(self)


def test_digests_are_bounded() -> None:
    """Many signatures cost one digest per secret."""
    body = CountedBody(BODY)
    header = f"t={T}" + f",v1={'0' * 64}" * 14
    with pytest.raises(SignatureError, match="another secret"):
        verify(header, body, ["first", "second"], T)
    assert body.signed == 2


def test_changed_body() -> None:
    """A changed body is refused."""
    for changed in (BODY + b" ", BODY[:-1], b"\xef\xbb\xbf" + BODY, b""):
        with pytest.raises(SignatureError, match="another secret, or changed"):
            verify(f"t={T},v1={V1}", changed, [SECRET], T)


@pytest.mark.parametrize("age", [-300, -1, 0, 299, 300])
def test_tolerance(age: int) -> None:
    """A delivery may be 300 s old, or ahead."""
    verify(sign(SECRET, BODY, T), BODY, [SECRET], T + age)


@pytest.mark.parametrize("age", [-301, 301, 86400])
def test_expired_signature(age: int) -> None:
    """Beyond 300 s a delivery is refused, and the message mentions the clock."""
    with pytest.raises(SignatureError, match="clock"):
        verify(sign(SECRET, BODY, T), BODY, [SECRET], T + age)


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_empty_secret(secrets: list[str]) -> None:
    """An empty secret neither verifies nor signs."""
    forged = f"t={T},v1={signed('', BODY)}"
    with pytest.raises(SignatureError, match="no secret"):
        verify(forged, BODY, secrets, T)
    with pytest.raises(SignatureError):
        verify(forged, BODY, ["", SECRET], T)
    with pytest.raises(ValueError, match="empty secret"):
        sign("", BODY, T)


def test_rotation() -> None:
    """During a rotation both secrets are valid."""
    for secret in ("old", "new"):
        verify(sign(secret, BODY, T), BODY, ["new", "old"], T)
    with pytest.raises(SignatureError):
        verify(sign("older", BODY, T), BODY, ["new", "old"], T)


@pytest.mark.parametrize(
    "header",
    [
        f"t={T},v1={'0' * 64},v1={V1}",
        f"t={T},v1={V1},v1={'0' * 64}",
        f"t={T},v1={V1},v1={V1}",
        f"v1={V1},t={T}",
        f"t={T}, v1={V1}",
        f"t={T},v2=later,v1={V1}",
        f"t={T},v1=xyz,v1={V1}",
        f"t={T},v1={V1.upper()}",
    ],
)
def test_one_valid_signature(header: str) -> None:
    """One valid v1 is enough, in any order and case."""
    verify(header, BODY, [SECRET], T)


@given(st.binary(max_size=300), st.text(min_size=1, max_size=50).filter(lambda text: _utf8(text)))
def test_any_body(body: bytes, secret: str) -> None:
    """Any bytes are signed and verified unchanged."""
    verify(sign(secret, body, T), body, [secret], T)


@given(st.text(max_size=200))
def test_any_header(header: str) -> None:
    """Any text as a header raises SignatureError and nothing else."""
    with pytest.raises(SignatureError):
        verify(header, BODY, [SECRET], T)


def test_messages_reveal_nothing() -> None:
    """No message contains a secret or a signature."""
    for header in (f"t={T},v1={V1}", f"t={T},v1={signed(SECRET, BODY)[:-1]}"):
        with pytest.raises(SignatureError) as caught:
            verify(header, b"changed", [SECRET], T)
        text = str(caught.value)
        assert SECRET not in text
        assert V1[:8] not in text


def _utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
