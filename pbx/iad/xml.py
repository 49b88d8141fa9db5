"""XML as small values: the one file that knows lxml. Nothing outside the document is ever read (XML 读写)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lxml import etree

from pbx.errors import Malformed
from pbx.iad.device import plain

LARGEST = 4 * 1024 * 1024
"""Bytes of a document that is read; the largest of ours has less than a twentieth."""
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
SPACES: Mapping[str, str] = MappingProxyType(
    {
        "cwmp": "urn:dslforum-org:cwmp-1-0",
        "soap-enc": "http://schemas.xmlsoap.org/soap/encoding/",
        "xsd": "http://www.w3.org/2001/XMLSchema",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }
)
"""Name spaces by the prefix they are written with."""


@dataclass(frozen=True, slots=True)
class Node:
    """An element: its name, its text or its children, its attributes. Names may have a prefix of SPACES."""

    name: str
    text: str = field(default="", repr=False)
    children: tuple[Node, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        plain(self.text, self.name)
        for name, value in self.attributes.items():
            plain(value, f"{self.name} {name}")
        if self.text and self.children:
            raise Malformed(f"{self.name} has both text and elements")


def written(root: Node) -> bytes:
    """The document of this element, in UTF-8. read(written(x)) == x.

    In the plainest form, for the small parsers of devices: double quotes, and an end tag for every element.
    """
    used = {prefix: space for prefix, space in SPACES.items() if _uses(root, prefix)}
    element = _element(root, used)
    etree.indent(element, space="  ")
    content: bytes = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return DECLARATION + content + b"\n"


def read(content: bytes) -> Node:
    """The element of a document. Malformed for what is no XML, and for any that declares a document type."""
    if len(content) > LARGEST:
        raise Malformed(f"the XML has over {LARGEST} bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Malformed(f"not XML: {str(fault).splitlines()[0] if str(fault) else 'nothing there'}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("the XML declares a document type, which none of ours does")
    return _node(root)


def _element(node: Node, spaces: Mapping[str, str]) -> etree._Element:
    element = etree.Element(_long(node.name), nsmap=dict(spaces) or None)
    for name, value in node.attributes.items():
        element.set(_long(name), value)
    element.text = None if node.children else node.text
    element.extend(_element(child, {}) for child in node.children)
    return element


def _node(element: etree._Element) -> Node:
    if not isinstance(element.tag, str):
        raise Malformed("the XML holds something that is no element")
    children = tuple(_node(child) for child in element)
    loose = [element.text if children else None, *(child.tail for child in element)]
    if any(text and text.strip() for text in loose):
        raise Malformed(f"{_short(element.tag)} has both text and elements")
    attributes = {_short(str(name)): str(value) for name, value in element.attrib.items()}
    return Node(_short(element.tag), "" if children else element.text or "", children, attributes)


def _uses(node: Node, prefix: str) -> bool:
    values = (node.name, *node.attributes, *node.attributes.values())
    return any(value.startswith(f"{prefix}:") for value in values) or any(
        _uses(child, prefix) for child in node.children
    )


def _long(name: str) -> str:
    prefix, colon, rest = name.partition(":")
    return f"{{{SPACES[prefix]}}}{rest}" if colon else name


def _short(name: str) -> str:
    if not name.startswith("{"):
        return name
    space, _, rest = name[1:].partition("}")
    prefix = next((prefix for prefix, known in SPACES.items() if known == space), None)
    if prefix is None:
        raise Malformed(f"unknown name space {space!r}")
    return f"{prefix}:{rest}"
