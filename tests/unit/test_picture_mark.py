"""Finished pictures say in their metadata that a model made them, and whose they are."""

from __future__ import annotations

import io
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image, PngImagePlugin

from genvoris_flask.core.images.marking import DEFAULT_CREDIT, PictureMark
from genvoris_flask.core.images.photos import read_picture
from tests.support.pictures import noise, opened, png_chunk

TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
CREDIT = "{http://ns.adobe.com/photoshop/1.0/}Credit"
CITY = "{http://ns.adobe.com/photoshop/1.0/}City"
THEIRS = f"""<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF[1:-1]}">
<rdf:Description rdf:about="" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
  photoshop:Credit="Studio" photoshop:City="Rome"
  xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ext:DigitalSourceType="digitalCapture"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end='w'?>""".encode()
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True, "exif": Image.Exif(), "icc_profile": None}),
    ("PNG", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
]


def saved(kind: str, xmp: bytes | None = None, **options: Any) -> bytes:
    """Return a picture, with an XMP packet if there is one."""
    file = io.BytesIO()
    image = noise((61, 47)).convert("RGB")
    if kind == "PNG" and xmp:
        options["pnginfo"] = info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
    elif xmp:
        options["xmp"] = xmp
    image.save(file, kind, **options)
    return file.getvalue()


def marked(data: bytes, credit: str | None = None) -> bytes:
    return PictureMark(credit).apply(read_picture(data)).data


def stated(data: bytes) -> dict[str, str | None]:
    """Return what the XMP says of the picture, as Pillow finds it."""
    info = opened(data).info
    packet = info.get("xmp") or info["XML:com.adobe.xmp"]
    root = ElementTree.fromstring(packet)
    found: dict[str, str | None] = {}
    for each in root.iter(f"{RDF}Description"):
        for name, value in [*each.items(), *((child.tag, child.text) for child in each)]:
            assert name not in found
            found[name] = value
    return found


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_every_picture_is_marked(kind: str, options: dict[str, Any]) -> None:
    """The source type and a credit line are added, and the pixels stay as they are."""
    data = saved(kind, **options)
    after = marked(data)
    assert stated(after)[SOURCE_TYPE] == TYPE
    assert stated(after)[CREDIT] == DEFAULT_CREDIT
    assert opened(after).tobytes() == opened(data).tobytes()
    assert read_picture(after).mimetype == read_picture(data).mimetype


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_xmp_is_merged(kind: str, options: dict[str, Any]) -> None:
    """What a picture's own XMP says stays, except for a source type that is wrong."""
    after = marked(saved(kind, THEIRS, **options))
    assert stated(after)[CITY] == "Rome"
    assert stated(after)[CREDIT] == "Studio"
    assert stated(after)[SOURCE_TYPE] == TYPE


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_shops_credit_wins(kind: str, options: dict[str, Any]) -> None:
    """The shop's credit line replaces the picture's, whatever characters it has."""
    after = marked(saved(kind, THEIRS, **options), "Müller & Söhne <AI> 试穿")
    assert stated(after)[CREDIT] == "Müller & Söhne <AI> 试穿"


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_marked_twice(kind: str, options: dict[str, Any]) -> None:
    """Marking a picture again changes nothing."""
    once = marked(saved(kind, **options))
    assert marked(once) == once


UNREADABLE = [
    b"no XML",
    b"<x/>",
    b'<!DOCTYPE a [<!ENTITY b "c">]>' + THEIRS,
    THEIRS.replace(b"Rome", b"R" * 300_000),
    b"\xff\xfe" + THEIRS,
]


@pytest.mark.parametrize("packet", UNREADABLE)
def test_unreadable_xmp_is_replaced(packet: bytes) -> None:
    """A packet that cannot be merged does not keep the mark out."""
    after = marked(png_with(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + packet))
    assert stated(after) == {f"{RDF}about": "", SOURCE_TYPE: TYPE, CREDIT: DEFAULT_CREDIT}


def test_damaged_compressed_xmp_is_replaced() -> None:
    """Compressed text that is damaged, or grows too large, does not keep the mark out."""
    for text in (b"broken", zlib.compress(bytes(9_000_000))):
        body = b"XML:com.adobe.xmp\0\1\0\0\0" + text
        assert stated(marked(png_with(b"iTXt", body)))[SOURCE_TYPE] == TYPE


def test_no_place_in_a_segment() -> None:
    """XMP that fills JPEG's segment gives way to the mark."""
    full = THEIRS.replace(b"Rome", b"R" * 64_980)
    after = marked(saved("JPEG", full))
    assert stated(after)[SOURCE_TYPE] == TYPE
    assert CITY not in stated(after)


# C2PA manifests that came with a picture


def jumbf(text: bytes) -> bytes:
    return struct.pack(">I", len(text) + 8) + b"jumb" + text


def png_with(name: bytes, body: bytes) -> bytes:
    data = saved("PNG")
    return data[:33] + png_chunk(name, body) + data[33:]


def with_manifest(kind: str, box: bytes) -> bytes:
    """Return a picture with a manifest, which JPEG holds in two segments."""
    if kind == "PNG":
        return png_with(b"caBX", box)
    data = saved(kind)
    if kind == "WEBP":
        body = data[8:] + b"C2PA" + struct.pack("<I", len(box)) + box + bytes(len(box) % 2)
        return b"RIFF" + struct.pack("<I", len(body)) + body
    halves = [box[:20], box[:8] + box[20:]]
    parts = [b"JP\0\1" + struct.pack(">I", n + 1) + half for n, half in enumerate(halves)]
    segments = [b"\xff\xeb" + struct.pack(">H", len(part) + 2) + part for part in parts]
    return data[:2] + b"".join(segments) + data[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_manifest_stays(kind: str) -> None:
    """A manifest that does not say who made the picture stays, byte for byte, beside the mark."""
    box = jumbf(b"a manifest that says nothing of any model")
    data = with_manifest(kind, box)
    after = marked(data)
    assert stated(after)[SOURCE_TYPE] == TYPE
    if kind == "JPEG":
        assert data[2 : 2 + len(box) + 8 + 24] in after
    else:
        assert box in after


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_signed_and_marked_already(kind: str) -> None:
    """A picture whose manifest says that a model made it stays as its signer left it."""
    data = with_manifest(kind, jumbf(b"digitalSourceType .../trainedAlgorithmicMedia"))
    assert marked(data) == data


def test_appended_bytes_stay() -> None:
    """What follows the end of a WebP file is not lost, and the file stays valid."""
    data = saved("WEBP")
    assert marked(data + b"tail!").endswith(b"tail!")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_read_by_exiftool(kind: str, tmp_path: Path) -> None:
    """exiftool reads the mark, and warns of nothing."""
    file = tmp_path / "picture"
    file.write_bytes(marked(saved(kind, THEIRS), "Shop"))
    tags = ("-Warning", "-Error", "-DigitalSourceType", "-Credit", "-City")
    run = subprocess.run(["exiftool", "-s3", *tags, file], capture_output=True, text=True)
    assert run.stdout.split() == [TYPE, "Shop", "Rome"]
