"""The process that the commands are forked from ends with the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import quick_start


@pytest.fixture(scope="session", autouse=True)
def loaded() -> Iterator[None]:
    yield
    if quick_start.started.cache_info().currsize:
        quick_start.started().close()
        quick_start.started.cache_clear()
