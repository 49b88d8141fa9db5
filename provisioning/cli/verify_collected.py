"""`seatline collect --verify`: the proof that the ledger holds just what the files hold (采集核对)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provisioning.cli import screens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provisioning.flows.ports import SourceState
    from provisioning.flows.proof import Proof
    from provisioning.settings import Settings


def verify(settings: Settings, sources: Sequence[str], switch: str | None, *, json: bool) -> None:
    """Shows the proof for each source, all of them where none is named. Exit code 1 where something is wrong,
    4 where a file cannot be read."""
    from provisioning import wiring
    from provisioning.flows import verify_collected

    book = wiring.open_collected(settings)
    progress = screens.Progress(quiet=json)
    far: list[str] = []
    proofs = list(
        verify_collected.verify(_wanted(sources, switch, far), book, wiring.record_files(), progress)
    )
    progress.finish()
    if json:
        told = [proof.document() for proof in proofs]
        screens.print_json({"sources": told, "not_files": far, "wrong": sum(one.wrong for one in proofs)})
    else:
        _show(proofs)
    for path in far:
        screens.say(f"{path}: no file of this machine; its records are proven by `seatline db verify` only")
    if not proofs and not far:
        screens.say("nothing was collected from there")
    if any(proof.wrong for proof in proofs):
        raise typer.Exit(1)
    if any(proof.error for proof in proofs):
        raise typer.Exit(4)


def _wanted(sources: Sequence[str], switch: str | None, far: list[str]) -> Callable[[SourceState], bool]:
    """Those of these files and folders, and of that switch; what is no file is noted in `far`."""
    places = [text if "://" in text else Path(text).resolve() for text in sources]

    def wanted(state: SourceState) -> bool:
        if switch is not None and state.switch != switch:
            return False
        is_far = "://" in state.path
        mine = not places or any(
            state.path.startswith(one)
            if isinstance(one, str)
            else not is_far and Path(state.path).resolve().is_relative_to(one)
            for one in places
        )
        if mine and is_far:
            far.append(state.path)
        return mine and not is_far

    return wanted


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
