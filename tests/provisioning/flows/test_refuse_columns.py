"""A switch that leaves columns out is refused as a whole, with the setting to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx.cdr_file import lines
from pbx.cdr_lines import readings
from pbx.live.files import RecordFile
from provisioning.flows.refuse_columns import ColumnGate, ColumnsMissing, still_missing

WHOLE = (Path(__file__).parents[2] / "pbx/cdr_corpus/Master.csv").read_bytes().split(b"\n")[0] + b"\n"


def short(columns: int) -> bytes:
    """A line as a switch writes it that leaves the last columns out."""
    return b",".join(WHOLE.strip().split(b",")[:columns]) + b"\n"


def read(path: Path, data: bytes, *, finished: bool = False) -> int:
    """How many lines pass the gate; raises what it refuses."""
    path.write_bytes(data)
    with RecordFile(str(path)) as file:
        gate = ColumnGate(file, finished=finished)
        passed = len(list(gate.passed(readings(lines(file, 0), "csv"))))
        gate.check()
    return passed


@pytest.mark.parametrize(
    ("columns", "setting"),
    [
        (16, "set newcdrcolumns, loguniqueid, loguserfield to yes"),
        (17, "set newcdrcolumns, loguniqueid or loguserfield to yes"),
        (18, "set newcdrcolumns to yes"),
        (20, "loguniqueid or loguserfield"),
    ],
)
def test_the_setting_is_named(tmp_path, columns, setting):
    """A file of 16, 17, 18 or 20 columns is refused, and what to set in cdr.conf is said."""
    with pytest.raises(ColumnsMissing, match="refused from byte 0 on") as refused:
        read(tmp_path / "Master.csv", short(columns) * 3)
    assert setting in str(refused.value)


def test_a_switch_set_otherwise_in_between_is_refused_from_there(tmp_path):
    """A switch that begins to leave columns out is refused from that line on, what it wrote before is not."""
    path = tmp_path / "Master.csv"
    path.write_bytes(WHOLE * 2 + short(18) * 2)
    with RecordFile(str(path)) as file:
        gate = ColumnGate(file, finished=False)
        assert len(list(gate.passed(readings(lines(file, 0), "csv")))) == 2
        with pytest.raises(ColumnsMissing, match=f"from byte {2 * len(WHOLE)} on"):
            gate.check()


def test_a_switch_that_was_mended_is_read_again(tmp_path):
    """Once the switch writes all columns, the lines from before pass too, to be quarantined one by one."""
    assert read(tmp_path / "Master.csv", short(18) * 2 + WHOLE) == 3


def test_a_rotated_file_is_not_refused(tmp_path):
    """What stands in a file that was rotated away cannot be written otherwise any more: all of it passes."""
    assert read(tmp_path / "Master.csv", short(18) * 2, finished=True) == 2


def test_other_broken_lines_are_not_refused(tmp_path):
    """Torn lines and nonsense are no switch that is set otherwise, also where they are the last."""
    assert read(tmp_path / "Master.csv", WHOLE + b"nonsense\n") == 2
    assert read(tmp_path / "Master.csv", WHOLE + b'"a","b\n' + short(18) + b"a,b,c\n") >= 2
    with RecordFile(str(tmp_path / "Master.csv")) as file:
        assert still_missing(file) is None
