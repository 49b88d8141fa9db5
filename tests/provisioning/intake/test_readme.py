"""The key-by-key description of the contract file leaves no key out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from provisioning.intake import schema

README = Path(schema.__file__).with_name("README.md")


def keys(kind: object) -> Iterator[str]:
    """All keys of a shape, as deep as they go."""
    if isinstance(kind, schema.Shape):
        for key, inner in kind.keys.items():
            yield key
            yield from keys(inner)
    elif isinstance(kind, schema.Many):
        yield from keys(kind.of)


def test_every_key_and_column_is_described() -> None:
    """Each key of the schema and each column of the sheet stands in the README."""
    described = set(re.findall(r"`([a-z_]+)`", README.read_text(encoding="utf-8")))
    assert set(keys(schema.CONTRACT)) | set(schema.COLUMNS) <= described
