"""Voice in WAV files."""

from __future__ import annotations

import pytest

from pbx import tone
from pbx.errors import Malformed
from pbx.live import wav


def test_what_is_written_is_read_again(tmp_path):
    """A file has the samples and the rate it was written with."""
    hum = tone.hum(700, 0.2)
    wav.write(tmp_path / "hum.wav", hum, 8000)
    assert wav.read(tmp_path / "hum.wav") == (hum, 8000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all"])
def test_any_other_file_is_refused(tmp_path, content):
    """A file that is no WAV file is an error that names it."""
    (tmp_path / "odd.wav").write_bytes(content)
    with pytest.raises(Malformed, match=r"odd\.wav"):
        wav.read(tmp_path / "odd.wav")
