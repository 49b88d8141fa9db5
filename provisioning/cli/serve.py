"""Hand out IAD files to the devices that fetch them: serve."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json


def serve(
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Instead of [serve] listen.", show_default=False),
    ] = None,
    plain_http: Annotated[
        bool,
        typer.Option("--plain-http", help="Beyond this machine without TLS: passwords travel in clear."),
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Hand out the files that `seatline iad SITE --offer` opened, once each, until stopped (取文件服务).

    A device fetches at its own secret address. Whatever else is asked for is not found, is audited as
    iad-odd-fetch and told on stderr. Listens on 127.0.0.1:8080 unless [serve] in seatline.toml says
    otherwise. With --json what is told goes to stdout, a JSON document a line: at, alert (yes or no), text.

    Examples: seatline serve   |   seatline serve --listen 192.0.2.1:8443
    """
    from provisioning import wiring, wiring_iads
    from provisioning.settings import listen_address

    settings = wiring.load_settings(config)
    host, port = listen_address(listen) if listen else (settings.serve.host, settings.serve.port)
    tell = _as_json if json else screens.say
    wiring_iads.serve(settings, host=host, port=port, plain_http=plain_http, tell=tell)


def _as_json(text: str) -> None:
    """A line of talk for programs, which read it as soon as it is said."""
    from json import dumps

    from provisioning import wiring
    from provisioning.flows.odd_fetch import ALERT

    alert = text.startswith(ALERT)
    told = {
        "at": wiring.now().isoformat(timespec="seconds"),
        "alert": alert,
        "text": text.removeprefix(ALERT),
    }
    sys.stdout.write(dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()
