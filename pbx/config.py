"""What a switch holds of ours, or should hold: files and their sections, as one value (配置)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pbx.errors import Malformed
from pbx.section import Section

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.conf")
LONGEST_FILE = 120


@dataclass(frozen=True, slots=True, eq=False)
class Config:
    """The sections of some files of a switch's configuration folder (配置).

    Two are equal when each file has the same sections, in whatever order: Asterisk does not care about it.
    A file without sections is as good as no file and left out. Raises Malformed for a file name that is not
    a plain one ending in .conf, and for two sections of one name in a file, which UpdateConfig cannot tell
    apart.
    """

    files: Mapping[str, tuple[Section, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file, sections in self.files.items():
            check_file_name(file)
            names = Counter(section.name for section in sections)
            if len(names) < len(sections):
                raise Malformed(f"{file} has more than one section [{names.most_common(1)[0][0]}]")
        kept = {file: tuple(self.files[file]) for file in sorted(self.files) if self.files[file]}
        object.__setattr__(self, "files", MappingProxyType(kept))

    def by_name(self, file: str) -> dict[str, Section]:
        """A file's sections under their names; none for a file that is not there."""
        return {section.name: section for section in self.files.get(file, ())}

    def only(self, *prefixes: str) -> Config:
        """The part of it in files whose names begin so."""
        return Config({file: held for file, held in self.files.items() if file.startswith(prefixes)})

    def __iter__(self) -> Iterator[tuple[str, Section]]:
        """Each section with its file."""
        return ((file, section) for file, sections in self.files.items() for section in sections)

    def __len__(self) -> int:
        return sum(map(len, self.files.values()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return self.files.keys() == other.files.keys() and all(
            self.by_name(file) == other.by_name(file) for file in self.files
        )

    __hash__ = None  # type: ignore[assignment]  # equal in any order, so no hash of the parts would do


def check_file_name(file: str) -> None:
    """Raises Malformed unless it names a plain file of the configuration folder, nothing above or below."""
    if not _FILE.fullmatch(file) or ".." in file or len(file) > LONGEST_FILE:
        raise Malformed(f"{file!r} cannot be a configuration file: letters, digits and _ . - only, and .conf")
