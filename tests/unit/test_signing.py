"""Pictures signed with the shop's certificate, read by C2PA's own library."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from genvoris_flask.core.images.embedding import open_picture
from genvoris_flask.core.images.marking import PictureMark
from genvoris_flask.core.images.photos import Picture, read_picture
from genvoris_flask.core.images.signing import PictureSigner
from genvoris_flask.core.images.visible import VisibleMark
from genvoris_flask.core.images.xmp import AI_COMPOSITE
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings import read_settings
from tests.support.certificates import KEYS, authority, pem_of
from tests.support.pictures import opened, picture

KINDS = ["JPEG", "PNG", "WEBP"]
KEY = KEYS["P-256"]()


def signer(key: Any = KEY, **options: Any) -> PictureSigner:
    return PictureSigner(authority().chain(key), pem_of(key), **options)


def plain(kind: str = "JPEG") -> Picture:
    return read_picture(picture(kind, (300, 400)))


def active(read: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = read["manifests"][read["active_manifest"]]
    return found


def states_ai(picture: Picture) -> bool:
    return AI_COMPOSITE.encode() in (open_picture(picture.data, picture.mimetype).xmp or b"")


@pytest.mark.parametrize("kind", KINDS)
def test_signed(kind: str) -> None:
    """The signature is valid and says that a model made it; XMP says so, too, and pixels stay."""
    signed = PictureMark(signer=signer()).apply(plain(kind))
    read = authority().read(signed)
    assert read["validation_state"] == "Trusted"
    (actions,) = active(read)["assertions"]
    (made,) = actions["data"]["actions"]
    assert (made["action"], made["digitalSourceType"]) == ("c2pa.created", AI_COMPOSITE)
    assert "thumbnail" not in active(read)
    assert states_ai(signed)
    assert opened(signed.data).tobytes() == opened(plain(kind).data).tobytes()


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_keys(key: Any) -> None:
    """Every kind of key signs with the algorithm that belongs to it."""
    signed = PictureMark(signer=signer(key())).apply(plain())
    assert authority().read(signed)["validation_state"] == "Trusted"


def test_function_in_place_of_a_key() -> None:
    """A key that never leaves its own service signs by a function."""

    def sign(data: bytes) -> bytes:
        signature: bytes = KEY.sign(data, ec.ECDSA(hashes.SHA256()))
        return signature

    mark = PictureMark(signer=PictureSigner(authority().chain(KEY), sign))
    assert authority().read(mark.apply(plain()))["validation_state"] == "Trusted"


@pytest.mark.parametrize("visible", [None, VisibleMark("AI")], ids=["pixels stay", "drawn into"])
@pytest.mark.parametrize("kind", KINDS)
def test_its_own_manifest_becomes_an_ingredient(kind: str, visible: VisibleMark | None) -> None:
    """A manifest that came with it stays verifiable, even if something is drawn into it."""
    theirs = PictureMark(signer=signer(KEYS["P-384"]())).apply(plain(kind))
    ours = PictureMark(visible=visible, signer=signer()).apply(theirs)
    assert (opened(ours.data).tobytes() == opened(theirs.data).tobytes()) == (visible is None)
    read = authority().read(ours)
    assert read["validation_state"] == "Trusted"
    (ingredient,) = active(read)["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    assert ingredient["active_manifest"] == authority().read(theirs)["active_manifest"]
    codes = {each["code"] for each in ingredient["validation_results"]["activeManifest"]["success"]}
    assert {"claimSignature.validated", "assertion.dataHash.match"} <= codes


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_before_it_is_signed(kind: str) -> None:
    """A visible mark and a signature go together."""
    signed = PictureMark(visible=VisibleMark("AI"), signer=signer()).apply(plain(kind))
    assert authority().read(signed)["validation_state"] == "Trusted"
    assert opened(signed.data).tobytes() != opened(plain(kind).data).tobytes()


def test_a_failure_loses_no_picture(caplog: pytest.LogCaptureFixture) -> None:
    """A picture that cannot be signed is delivered with the rest of the mark, and it is logged."""
    caplog.set_level(logging.DEBUG)
    secret = "SECRET-OF-THE-KEY-SERVICE"

    def fails(_data: bytes) -> bytes:
        raise RuntimeError(secret)

    broken = PictureMark(signer=PictureSigner(authority().chain(KEY), fails)).apply(plain())
    assert states_ai(broken)
    assert "flask genvoris check" in caplog.text
    expired = PictureSigner(authority().chain(KEY, days=-1), pem_of(KEY))
    assert states_ai(PictureMark(signer=expired).apply(plain()))
    assert secret not in caplog.text
    assert "PRIVATE KEY" not in caplog.text


def test_a_manifest_that_cannot_be_read_stays() -> None:
    """It is kept, byte for byte, and the picture is not signed."""
    box = b"\0\0\0\x18jumb" + b"not a manifest.."
    chunk = b"RIFF"
    webp = plain("WEBP").data
    body = webp[8:] + b"C2PA" + len(box).to_bytes(4, "little") + box
    data = chunk + len(body).to_bytes(4, "little") + body
    signed = PictureMark(signer=signer()).apply(read_picture(data))
    assert box in signed.data
    assert states_ai(signed)


@pytest.mark.parametrize("answers", [False, True])
def test_no_time_stamp(answers: bool) -> None:
    """An authority that refuses or is silent costs the time stamp, not the signature."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        if not answers:
            server.close()
        mark = PictureMark(signer=signer(timestamp_url=url, timestamp_seconds=0.3))
        assert authority().read(mark.apply(plain()))["validation_state"] == "Trusted"


def settings(**values: Any) -> Any:
    given = {f"GENVORIS_C2PA_{name.upper()}": value for name, value in values.items()}
    return read_settings({"GENVORIS_API_KEY": "gvk_test_0123456789", **given}, environ={})


def test_settings(tmp_path: Any) -> None:
    """Certificate and key are PEM or files; both are there, or neither."""
    chain, key = authority().chain(KEY), pem_of(KEY)
    (tmp_path / "chain.pem").write_text(chain)
    (tmp_path / "key.pem").write_text(key)
    found = settings(certificate=str(tmp_path / "chain.pem"), private_key=str(tmp_path / "key.pem"))
    assert found.picture_mark.signer == PictureSigner(chain, key)
    assert settings().picture_mark.signer is None
    assert key not in repr(found.picture_mark)


BAD = [
    {"certificate": "CHAIN"},
    {"private_key": "KEY"},
    {"certificate": "CHAIN", "private_key": "OTHER"},
    {"certificate": "CHAIN", "private_key": "KEY-WITHOUT-ITS-FRAME"},
    {"certificate": "CHAIN", "private_key": "-----BEGIN PRIVATE KEY-----\nSECRET"},
    {"certificate": "-----BEGIN CERTIFICATE-----\nno", "private_key": "KEY"},
    {"timestamp_url": "https://timestamp.example"},
    {"certificate": "CHAIN", "private_key": "KEY", "timestamp_url": "/path"},
]


@pytest.mark.parametrize("given", BAD)
def test_settings_that_do_not_fit(given: dict[str, str]) -> None:
    """The message says which setting is wrong, and never repeats a key."""
    other = pem_of(KEYS["P-256"]())
    texts = {"CHAIN": authority().chain(KEY), "KEY": pem_of(KEY), "OTHER": other}
    with pytest.raises(ConfigurationError, match="GENVORIS_C2PA_") as caught:
        settings(**{name: texts.get(value, value) for name, value in given.items()})
    message = str(caught.value)
    assert "SECRET" not in message
    assert "WITHOUT-ITS-FRAME" not in message
    assert all(text[30:90] not in message for text in texts.values())


def test_weak_keys_are_refused() -> None:
    """C2PA has no algorithm for a curve or a length that it does not know."""
    for key in (ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 1024)):
        with pytest.raises(ValueError, match="P-256"):
            PictureSigner(authority().chain(key), pem_of(key))
