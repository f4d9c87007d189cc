"""XMP (ISO 16684-1): states in a picture's metadata that a model made it, and whose it is.

A packet that the picture already has keeps everything else that it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.dom import minidom
from xml.parsers.expat import ExpatError

# https://cv.iptc.org/newscodes/digitalsourcetype/: several elements, of which a model made some.
AI_COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
MAX_PACKET = 256 * 1024  # real ones have a few kilobytes
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_SOURCE_TYPE = ("Iptc4xmpExt", _IPTC, "DigitalSourceType")
_CREDIT = ("photoshop", _PHOTOSHOP, "Credit")
_EMPTY = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about=""/></rdf:RDF>'
    "</x:xmpmeta>"
)
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="w"?>'
_INSTRUCTION = re.compile(r"<\?.*?\?>", re.DOTALL)


@dataclass(frozen=True)
class Credit:
    """The credit line of a picture.

    Attributes:
        text: What it says.
        replaces: Whether it replaces one that the picture already has.
    """

    text: str
    replaces: bool = True


def write_packet(existing: bytes | None, credit: Credit) -> bytes:
    """Return an XMP packet with the source type and a credit line.

    Args:
        existing: The picture's own packet, which is merged. One that cannot be read is replaced.
        credit: The credit line.
    """
    document = _parse(existing) if existing else None
    document = document or minidom.parseString(_EMPTY)  # noqa: S318  (our own text)
    descriptions = _descriptions(document)
    _set(document, descriptions, _SOURCE_TYPE, AI_COMPOSITE)
    if credit.replaces or not _values(descriptions, _CREDIT):
        _set(document, descriptions, _CREDIT, credit.text)
    root = document.documentElement
    assert root is not None  # noqa: S101  (every document that was parsed has one)
    return f"{_BEGIN}\n{root.toxml()}\n{_END}".encode()


def _parse(packet: bytes) -> minidom.Document | None:
    """Return a packet as a document; None if it is unreadable or has no descriptions.

    A document type is refused, since only that can make a small text large.
    """
    if len(packet) > MAX_PACKET or b"<!DOCTYPE" in packet:
        return None
    try:
        text = _INSTRUCTION.sub("", packet.decode("utf-8-sig")).strip(" \t\r\n\0\ufeff")
        document = minidom.parseString(text.encode())  # noqa: S318  (no document type)
    except (UnicodeDecodeError, ExpatError):
        return None
    return document if _descriptions(document) else None


def _descriptions(document: minidom.Document) -> list[minidom.Element]:
    """Return the descriptions of the picture itself, not those within their properties."""
    return [
        each
        for each in document.getElementsByTagNameNS(_RDF, "Description")
        if getattr(each.parentNode, "localName", None) == "RDF"
    ]


def _values(descriptions: list[minidom.Element], name: tuple[str, str, str]) -> list[str]:
    """Return what the descriptions say of a property; an empty text for a structured value."""
    _, namespace, local = name
    values = []
    for each in descriptions:
        if each.hasAttributeNS(namespace, local):
            values.append(each.getAttributeNS(namespace, local))
        for child in _children(each, namespace, local):
            texts = [node for node in child.childNodes if isinstance(node, minidom.Text)]
            values.append("".join(text.data for text in texts))
    return values


def _children(parent: minidom.Element, namespace: str, local: str) -> list[minidom.Element]:
    return [
        node
        for node in parent.childNodes
        if isinstance(node, minidom.Element)
        and (node.namespaceURI, node.localName) == (namespace, local)
    ]


def _set(
    document: minidom.Document,
    descriptions: list[minidom.Element],
    name: tuple[str, str, str],
    value: str,
) -> None:
    """Set a property, which may be stated only once."""
    if _values(descriptions, name) == [value]:
        return
    prefix, namespace, local = name
    for each in descriptions:
        if each.hasAttributeNS(namespace, local):
            each.removeAttributeNS(namespace, local)
        for child in _children(each, namespace, local):
            each.removeChild(child)
    element = document.createElementNS(namespace, f"{prefix}:{local}")
    element.setAttribute(f"xmlns:{prefix}", namespace)
    element.appendChild(document.createTextNode(value))
    descriptions[0].appendChild(element)
