"""A short text that tells one configuration from any other (摘要)."""

from __future__ import annotations

from hashlib import sha256

from pbx.config import Config
from pbx.section import render


def digest_of(config: Config) -> str:
    """The SHA-256 of files and all they hold; the order of sections in a file makes no difference."""
    text = "\n".join(
        f";{file}\n{render(sorted(sections, key=lambda section: section.name))}"
        for file, sections in config.files.items()
    )
    return sha256(text.encode()).hexdigest()
