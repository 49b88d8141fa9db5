"""Proving that the ledger holds exactly what the files hold, from the manifests and the raw bytes (采集核对).

Each batch of collecting left a manifest: which bytes of which file it read, their digest, and the digest of
the lines that became call records with it. So for every file that is still there it can be shown,
independently of the collecting, that

- these bytes are the ones that were read;
- every record in them is in the ledger, as they say, and every other line is in quarantine;
- the ledger has of each batch just those lines that stand in its bytes, none more.

What a file held that is gone, or was read before there were manifests, is counted as such and proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from pbx.cdr import BrokenRecord, Cdr, agrees
from pbx.cdr_file import BLOCK, Bytes, head, lines
from pbx.cdr_gzip import DamagedArchive
from pbx.cdr_lines import Line, Reading, kind_of, parse, readings
from provisioning.flows.collect_calls import unreadable
from provisioning.flows.follow_file import RecordFile, RecordFiles, is_continued
from provisioning.flows.ports import Progress, RecordKey, SourceState
from provisioning.flows.proof import BatchRead, CollectedBook, Proof

AT_ONCE = 2000
"""Records looked for in the ledger together."""


def verify(
    wanted: Callable[[SourceState], bool], book: CollectedBook, files: RecordFiles, progress: Progress
) -> Iterator[Proof]:
    """The proof for each source that is wanted, by switch and path. Changes nothing."""
    for state in sorted(book.sources_read(), key=lambda one: (one.switch, one.path)):
        if wanted(state):
            yield prove(state, book, files, progress)


def prove(state: SourceState, book: CollectedBook, files: RecordFiles, progress: Progress) -> Proof:
    """The proof for one source; its `error` says why it could not be read to its end."""
    proof = Proof(switch=state.switch, path=state.path)
    try:
        with ExitStack() as doors:
            found = _open(state, files, doors)
            chains = list(_chains(book.batches_read(state.switch, state.path)))
            if not chains and state.offset:
                chains = [[_without_manifest(0, state.offset)]]
            if not chains:
                proof.unread += sum(one.size for one in found if one.path == state.path)
            for number, chain in enumerate(chains, 1):
                is_last = number == len(chains)
                file = _file_of(chain, found) or (_now(state, found) if is_last else None)
                if file is None and is_last:
                    _in_its_place(state, found, proof)
                if file is None:
                    proof.gone += sum(one.end - one.begin for one in chain)
                    continue
                for batch in (*_before(chain), *chain):
                    _prove(batch, file, proof, book)
                    progress(f"{state.path}: {proof.records} call records proven", batch.end, file.size)
                if is_last and file.path == state.path:
                    proof.unread += max(0, file.size - state.offset)
    except OSError as fault:
        proof.error = unreadable(state.path, fault)
    return proof


def _open(state: SourceState, files: RecordFiles, doors: ExitStack) -> list[RecordFile]:
    """The file in its place, if there is one, and all that may be what it was before."""
    renamed = files.renamed(state.path, state.inode)
    names = dict.fromkeys((state.path, *([renamed] if renamed else []), *files.generations(state.path)))
    found = []
    for name in names:
        try:
            file = doors.enter_context(files.open(name))
        except FileNotFoundError:
            continue
        file.path = name  # another machine's file has its address, as the ledger has it
        found.append(file)
    return found


def _chains(batches: Sequence[BatchRead]) -> Iterator[list[BatchRead]]:
    """The batches that were read one behind the other from one file."""
    chain: list[BatchRead] = []
    for one in batches:
        if chain and one.begin != chain[-1].end:
            yield chain
            chain = []
        chain.append(one)
    if chain:
        yield chain


def _before(chain: Sequence[BatchRead]) -> Iterator[BatchRead]:
    """What the file holds before the first batch that has a manifest."""
    if chain[0].begin:
        yield _without_manifest(0, chain[0].begin)


def _without_manifest(begin: int, end: int) -> BatchRead:
    return BatchRead(id=0, begin=begin, end=end, sha256=b"", records=0, total=0)


def _now(state: SourceState, files: Sequence[RecordFile]) -> RecordFile | None:
    """The file that would be read on: if its bytes are others than were read, somebody has changed them."""
    return next((one for one in files if is_continued(one, state)), None)


def _in_its_place(state: SourceState, files: Sequence[RecordFile], proof: Proof) -> None:
    """What stands where the file stood that was read last: another one that is not read yet, or the same one
    with other bytes."""
    file = next((one for one in files if one.path == state.path), None)
    if file is None:
        return
    same = file.inode == state.inode != 0 and state.born in (0, file.born)
    if same and file.size >= state.offset:
        proof.finds(f"{file.path}: it begins otherwise than when it was read; somebody has changed it since")
    else:
        proof.unread += file.size


def _file_of(chain: Sequence[BatchRead], files: Sequence[RecordFile]) -> RecordFile | None:
    """The file that has the bytes of one of its batches where they stood; the first whole one tells."""
    for file in files:
        try:
            if any(_digest(file, one) == one.sha256 for one in (chain[0], chain[-1])):
                return file
        except DamagedArchive:
            continue
    return None


def _digest(file: Bytes, batch: BatchRead) -> bytes:
    digest, place = hashlib.sha256(), batch.begin
    while place < batch.end:
        block = file.read(place, min(BLOCK, batch.end - place))
        if not block:
            break
        digest.update(block)
        place += len(block)
    return digest.digest()


def _prove(batch: BatchRead, file: RecordFile, proof: Proof, book: CollectedBook) -> None:
    place = f"{file.path}, bytes {batch.begin} to {batch.end}"
    if batch.sha256 and _digest(file, batch) != batch.sha256:
        proof.finds(f"{place}: they are not the bytes that were read; somebody has changed the file since")
        return
    wrong = proof.wrong
    lines_found = sum_found = 0
    for some in _portions(_readings(batch, file)):
        for raw in _compare(some, batch, file, proof, book):
            lines_found += 1
            sum_found += int.from_bytes(hashlib.sha256(raw).digest(), "big")
    if not batch.sha256:
        proof.unlisted += batch.end - batch.begin
        return
    if (lines_found, sum_found % 2**256) != (batch.records, batch.total):
        proof.finds(
            f"{place}: {batch.records} call records came with this batch, of which {lines_found} stand "
            "there; run `seatline db verify`"
        )
    if proof.wrong == wrong:
        proof.proven += batch.end - batch.begin


def _readings(batch: BatchRead, file: RecordFile) -> Iterator[Reading]:
    """What stands in the batch's bytes, read by the same rules as in collecting, line by line."""
    place = batch.begin
    for found in readings(lines(file, batch.begin), kind_of(head(file)), finished=True):
        if found.line.offset >= batch.end:
            return
        place = found.line.end
        yield found
    if place < batch.end:
        rest = file.read(place, batch.end - place)
        if rest.strip():
            yield Reading(Line(place, rest, batch.end), BrokenRecord("torn", "no newline"))


def _portions(found: Iterator[Reading]) -> Iterator[list[Reading]]:
    some: list[Reading] = []
    for one in found:
        some.append(one)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _compare(
    some: Sequence[Reading], batch: BatchRead, file: RecordFile, proof: Proof, book: CollectedBook
) -> Iterator[bytes]:
    """Looks for each in the ledger; gives the lines that came into it with this very batch."""
    records = [(one.line, one.result) for one in some if isinstance(one.result, Cdr)]
    kept = book.kept(tuple({_key(record) for _, record in records}))
    missing: list[tuple[Line, Cdr]] = []
    own: set[RecordKey] = set()
    for line, record in records:
        there = kept.get(_key(record), ())
        mine = next((one for one in there if one.switch == proof.switch), None)
        if mine is not None and _tells(mine.raw, record):
            proof.records += 1
            if mine.batch == batch.id and mine.raw == record.raw and _key(record) not in own:
                own.add(_key(record))
                yield mine.raw
        else:
            missing.append((line, record))
    broken = [one.line for one in some if isinstance(one.result, BrokenRecord)]
    raws = {hashlib.sha256(line.raw).digest() for line in (*broken, *(line for line, _ in missing))}
    held = book.held_among(proof.switch, raws) if raws else frozenset()
    for line in broken:
        if hashlib.sha256(line.raw).digest() in held:
            proof.held += 1
        else:
            proof.finds(
                f"{file.path}, byte {line.offset}: a line that is no call record is not in quarantine"
            )
    left = [(line, record) for line, record in missing if hashlib.sha256(line.raw).digest() not in held]
    proof.held += len(missing) - len(left)
    removed = book.removed_among(proof.switch, tuple(_key(record) for _, record in left)) if left else ()
    for line, record in left:
        if _key(record) in removed:
            proof.removed += 1
        else:
            proof.finds(
                f"{file.path}, byte {line.offset}: the call {record.uniqueid}, {record.sequence} is neither "
                "in the ledger nor in quarantine"
            )


def _tells(raw: bytes, record: Cdr) -> bool:
    """Whether a line of the ledger tells that call; one that somebody has spoiled tells none."""
    try:
        return isinstance(raw, bytes) and agrees(parse(raw), record)
    except BrokenRecord:
        return False


def _key(record: Cdr) -> RecordKey:
    return record.uniqueid, record.sequence
