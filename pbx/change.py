"""What has to change to make one configuration another, section by section (变更)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pbx.config import Config
from pbx.errors import Malformed
from pbx.section import Section


@dataclass(frozen=True, slots=True)
class Create:
    """A section is added to a file (新增)."""

    file: str
    section: Section

    @property
    def name(self) -> str:
        return self.section.name


@dataclass(frozen=True, slots=True)
class Update:
    """A section of a file becomes another of the same name (修改)."""

    file: str
    before: Section
    after: Section

    @property
    def name(self) -> str:
        return self.after.name


@dataclass(frozen=True, slots=True)
class Delete:
    """A section is taken out of a file (删除)."""

    file: str
    section: Section

    @property
    def name(self) -> str:
        return self.section.name


Change = Create | Update | Delete


def diff(existing: Config, desired: Config) -> tuple[Change, ...]:
    """The changes that make `existing` into `desired`: by file, in the order of the sections, those to be
    deleted last. None when they are equal. apply(diff(a, b), a) == b.
    """
    changes: list[Change] = []
    for file in sorted({*existing.files, *desired.files}):
        before, after = existing.by_name(file), desired.by_name(file)
        for name, section in after.items():
            if name not in before:
                changes.append(Create(file, section))
            elif before[name] != section:
                changes.append(Update(file, before[name], section))
        changes.extend(Delete(file, section) for name, section in before.items() if name not in after)
    return tuple(changes)


def apply(changes: Iterable[Change], config: Config) -> Config:
    """The configuration after these changes. Raises Malformed where they do not fit it."""
    files = {file: config.by_name(file) for file in config.files}
    for change in changes:
        sections = files.setdefault(change.file, {})
        expected = {Create: None, Update: getattr(change, "before", None)}.get(
            type(change), getattr(change, "section", None)
        )
        if sections.get(change.name) != expected:
            raise Malformed(f"{change.file}: [{change.name}] is not what the change was made for")
        if isinstance(change, Delete):
            del sections[change.name]
        else:
            sections[change.name] = change.after if isinstance(change, Update) else change.section
    return Config({file: tuple(sections.values()) for file, sections in files.items()})
