"""Collecting from sources of every kind: files, other machines, databases (多来源采集).

A kind of source is a `SourceKind`: the schemes of its texts and a function that reads some of them. To add
one, write that function in a flow of its own and name it in `provisioning/wiring_sources.py`:

    SourceKind(schemes=frozenset({"postgresql", "sqlite"}), read=each(read_table), remote=True)

where `read_table(source, ledger, now, progress) -> CollectedFile` says in `error` why a source could not be
read, and lets go through what the ledger raises. It may run in a thread beside those of other switches, but
never beside another source of the same switch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from provisioning.flows.collect_calls import Collected, CollectedFile, Source
from provisioning.flows.ports import Ledger, Progress
from provisioning.flows.source_text import SourceWrong, scheme_of, shown

T = TypeVar("T")


class Reader(Protocol):
    """Reads sources of one kind and one switch, one after the other."""

    def __call__(
        self, sources: Sequence[Source], ledger: Ledger, now: datetime, progress: Progress
    ) -> Iterable[CollectedFile]: ...


class Lanes(Protocol):
    """Work done side by side (provisioning/side_by_side.py)."""

    def one_at_a_time(self, thing: T) -> T:
        """The thing, to be used from all lanes; who uses it waits until no other does. Raises where it is
        used after the run has been ended."""
        ...

    def run(self, works: Sequence[Callable[[], T]], *, cut: Callable[[], None]) -> list[T]:
        """What each gives, in order. What one raises, and an interrupt, ends all and goes through: `cut` is
        called to end what they wait for."""
        ...


def _nothing() -> None:
    return None


def _any(source: Source) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of source: the schemes it is known by ("" is a file or folder), and what reads it.

    A `remote` one may keep us waiting: switches that have such are read side by side. `cut` ends what it
    waits for, when the run is interrupted. `check` raises SourceWrong for a text that cannot be meant.
    """

    schemes: frozenset[str]
    read: Reader
    remote: bool = False
    cut: Callable[[], None] = _nothing
    check: Callable[[Source], None] = _any


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What collecting needs of the world: the kinds of source, and lanes to read several switches."""

    kinds: Sequence[SourceKind]
    lanes: Lanes

    def kind_of(self, source: Source) -> SourceKind:
        scheme = scheme_of(source.path)
        return next(kind for kind in self.kinds if scheme in kind.schemes)

    def cut(self) -> None:
        for kind in self.kinds:
            kind.cut()


def each(read: Callable[[Source, Ledger, datetime, Progress], CollectedFile]) -> Reader:
    """A reader of many out of one that reads a single source."""

    def read_all(
        sources: Sequence[Source], ledger: Ledger, now: datetime, progress: Progress
    ) -> Iterator[CollectedFile]:
        for source in sources:
            yield read(source, ledger, now, progress)

    return read_all


def collect_sources(
    sources: Iterable[Source], ledger: Ledger, world: World, *, now: datetime, progress: Progress
) -> Collected:
    """Reads what each source has gained since the last time, whatever its kind. Twice adds nothing.

    The sources of one switch are read one after the other, since they tell of the same calls; switches with
    sources on other machines are read side by side, those with files only before them. One that cannot be
    read is reported, the others go on. What the ledger raises ends all of them and goes through, as does an
    interrupt: each batch so far is stored whole with its place, and the next run goes on from there. Raises
    SourceWrong, before anything is read, where a text is no source at all.
    """
    meant = tuple(dict.fromkeys(sources))
    _check(meant, world)
    switches = tuple(dict.fromkeys(source.switch for source in meant))
    own = {name: tuple(source for source in meant if source.switch == name) for name in switches}
    far = [name for name in switches if any(world.kind_of(source).remote for source in own[name])]
    found = {name: _read(own[name], ledger, world, now, progress) for name in switches if name not in far}
    ours = world.lanes.one_at_a_time(ledger)
    talk = world.lanes.one_at_a_time(progress)

    def work(name: str) -> Callable[[], list[CollectedFile]]:
        return lambda: _read(own[name], ours, world, now, talk)

    found |= dict(zip(far, world.lanes.run([work(name) for name in far], cut=world.cut), strict=True))
    return Collected(tuple(file for name in switches for file in found[name]))


def _read(
    sources: Sequence[Source], ledger: Ledger, world: World, now: datetime, progress: Progress
) -> list[CollectedFile]:
    """The sources of one switch, kind by kind."""
    found: list[CollectedFile] = []
    for kind in world.kinds:
        own = tuple(source for source in sources if world.kind_of(source) is kind)
        if own:
            found.extend(kind.read(own, ledger, now, progress))
    return found


def _check(sources: Sequence[Source], world: World) -> None:
    known = frozenset(scheme for kind in world.kinds for scheme in kind.schemes)
    names = ", ".join(f"{scheme}://" for scheme in sorted(known) if scheme)
    wrong: list[str] = []
    for source in sources:
        if not source.path.strip():
            wrong.append("a source without a name: is a variable of the script empty?")
            continue
        if scheme_of(source.path) not in known:
            wrong.append(
                f"{shown(source.path)}: no kind of source we know; known are files, folders, {names}"
            )
            continue
        try:
            world.kind_of(source).check(source)
        except SourceWrong as fault:
            wrong.append(str(fault))
    if wrong:
        raise SourceWrong("\n".join(dict.fromkeys(wrong)))
