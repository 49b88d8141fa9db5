"""`seatline collect --verify`: the proof that the ledger holds just what the files hold (采集核对)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provisioning.cli import interrupts, screens
from provisioning.flows.collect_remote import address
from provisioning.flows.source_text import parse, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provisioning.flows.ports import SourceState
    from provisioning.flows.proof import Proof
    from provisioning.settings import Settings


def verify(settings: Settings, sources: Sequence[str], switch: str | None, *, json: bool) -> None:
    """Shows the proof for each source, all of them where none is named. Exit code 1 where something is wrong
    or nothing is known of what is named, 4 where a file cannot be read."""
    from provisioning import wiring, wiring_sources

    book = wiring.open_collected(settings)
    progress = screens.Progress(quiet=json)
    wanted, kinds = _wanted(sources, switch), wiring_sources.FILES
    with interrupts.told("nothing was changed"):
        proofs = list(wiring_sources.verify(settings, wanted, book, progress))
    progress.finish()
    known = sorted({one.path for one in book.sources_read() if wanted(one)})
    far = [path for path in known if scheme_of(path) not in kinds]
    unknown = [text for text in sources if not any(_is_in(path, _place(text)) for path in known)]
    if json:
        told = [proof.document() for proof in proofs]
        screens.print_json(
            {"sources": told, "not_files": far, "unknown": unknown, "wrong": sum(one.wrong for one in proofs)}
        )
    else:
        _show(proofs)
    for path in far:
        screens.say(
            f"{path}: a table leaves no bytes to compare; its records are proven by `seatline db verify` only"
        )
    for text in unknown:
        screens.say(f"seatline: {text}: nothing was collected from there, so there is nothing to prove")
    if not known and not unknown:
        screens.say("nothing was collected" + (f" as switch {switch}'s" if switch else ""))
    if unknown or (switch and not known) or any(proof.wrong for proof in proofs):
        raise typer.Exit(1)
    if any(proof.error for proof in proofs):
        raise typer.Exit(4)


def _wanted(sources: Sequence[str], switch: str | None) -> Callable[[SourceState], bool]:
    """Those of these files, folders and addresses, and of that switch; all where none is named."""
    places = [_place(text) for text in sources]

    def wanted(state: SourceState) -> bool:
        if switch is not None and state.switch != switch:
            return False
        return not places or any(_is_in(state.path, one) for one in places)

    return wanted


def _place(text: str) -> str | Path:
    """The words the ledger knows it by."""
    if not (scheme := scheme_of(text)):
        return Path(text).resolve()
    return address(parse(text)) if scheme == "sftp" else text


def _is_in(path: str, place: str | Path) -> bool:
    if isinstance(place, Path):
        return not scheme_of(path) and Path(path).resolve().is_relative_to(place)
    return path == place or path.startswith((f"{place}/", f"{place}?", f"{place}&"))


def _show(proofs: Sequence[Proof]) -> None:
    screens.table(
        (
            "source",
            "proven bytes>",
            "records>",
            "quarantined>",
            "removed>",
            "gone>",
            "unlisted>",
            "unread>",
            "wrong>",
        ),
        [
            (
                proof.path,
                proof.proven,
                proof.records,
                proof.held,
                proof.removed,
                proof.gone,
                proof.unlisted,
                proof.unread,
                proof.wrong,
            )
            for proof in proofs
        ],
    )
    for proof in proofs:
        for problem in proof.problems:
            screens.line(problem)
        if proof.wrong > len(proof.problems):
            screens.line(f"{proof.path}: and {proof.wrong - len(proof.problems)} more")
        if proof.gone:
            screens.say(
                f"{proof.path}: {proof.gone} bytes were read from files that are gone; `seatline db verify` "
                "shows that their records are as they were read"
            )
        if proof.unlisted:
            screens.say(
                f"{proof.path}: {proof.unlisted} bytes were read before the ledger kept manifests; their "
                "records are there, that they are the bytes that were read cannot be shown"
            )
        if proof.error is not None:
            screens.say(f"seatline: {proof.error}")
