"""Channel events as cel_custom writes them, and what they tell of a channel's life."""

from __future__ import annotations

import pytest

from pbx.cdr import BrokenRecord
from pbx.cel import Kind, made, parse
from pbx.life import told

START = 1_795_263_536_173_201


def line(
    kind: str, at: int = START, *, uniqueid: str = "pbx-1795263536.0", num: str = "08702120001"
) -> bytes:
    """An event as Asterisk 22 wrote it, with these values in it."""
    return (
        f'{{"schema":"1","eventtype":"{kind}","eventtime":{at // 1_000_000}.{at % 1_000_000:06d},'
        f'"uniqueid":"{uniqueid}","linkedid":"pbx-1795263536.0","channame":"PJSIP/8702120001-00000000",'
        f'"accountcode":"08702120001","context":"seatline","exten":"13800138000","num":"{num}"}}'
    ).encode()


def test_a_line_is_an_event_to_the_microsecond() -> None:
    """What Asterisk wrote is read field by field, the time without a float on the way."""
    event = parse(line("ANSWER"))
    assert (event.kind, event.at, event.uniqueid) == (Kind.ANSWERED, START, "pbx-1795263536.0")
    assert (event.num, event.exten, event.channel) == (
        "08702120001",
        "13800138000",
        "PJSIP/8702120001-00000000",
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (line("ANSWER")[:-4], "fields"),
        (line("ANSWER")[:60] + line("ANSWER"), "glued"),
        (line("ANSWER").replace(b'"schema":"1"', b'"schema":"2"'), "schema"),
        (line("ANSWER").replace(b"173201", b"17320"), "fields"),
        (line("ANSWER", uniqueid=""), "key"),
        (line("ANSWER", at=1), "time"),
        (line("ANSWER") + b"\0", "nul"),
        (b'"08702120001","x"', "fields"),
    ],
)
def test_anything_else_is_broken_and_said_why(raw: bytes, code: str) -> None:
    """A torn, glued, foreign or impossible line is never half an event."""
    with pytest.raises(BrokenRecord) as fault:
        parse(raw)
    assert fault.value.code == code


def test_a_stranger_cannot_write_an_event_of_his_own() -> None:
    """A caller's number with quotes and our field names in it stays one number of one event."""
    evil = r"\",\"uniqueid\":\"pbx-1.1\",\"num\":\"1"
    event = parse(line("CHAN_START", num=evil))
    assert event.uniqueid == "pbx-1795263536.0"
    assert event.num == evil.replace('\\"', '"')


def test_an_event_that_nobody_asked_for_is_one_of_no_kind() -> None:
    """Somebody's own cel.conf may ask for more events; they change nothing but when a channel was heard."""
    event = parse(line("HANGUP"))
    assert event.kind is None
    life = told(None, event)
    assert (life.began, life.whole, life.answered, life.open) == (START, False, None, True)


@pytest.mark.parametrize(
    ("uniqueid", "number"),
    [
        ("pbx-1795263536.12", (1795263536, 12)),
        ("a-b-1795263536.0", (1795263536, 0)),
        ("mine", None),
        ("", None),
    ],
)
def test_a_unique_id_tells_when_and_the_how_many_th(uniqueid: str, number: tuple[int, int] | None) -> None:
    """It is made of the second and of a count since Asterisk started, whatever the switch's name."""
    assert made(uniqueid) == number


def test_a_life_goes_from_its_first_event_to_its_last() -> None:
    """Birth, answer, one conversation and the end are told by five events."""
    kinds = ("CHAN_START", "ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "CHAN_END")
    life = None
    for second, kind in enumerate(kinds):
        life = told(life, parse(line(kind, START + second * 1_000_000)))
    assert life is not None
    assert (life.began, life.answered, life.ended) == (START, START + 1_000_000, START + 4_000_000)
    assert (life.whole, life.bridges, life.bridged, life.open) == (True, 1, START + 3_000_000, False)
    for second, kind in enumerate(kinds):  # the file is read again
        assert told(life, parse(line(kind, START + second * 1_000_000))) == life
