"""Hand out IAD files to the devices that fetch them: serve."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config


def serve(
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Instead of [serve] listen.", show_default=False),
    ] = None,
    plain_http: Annotated[
        bool,
        typer.Option("--plain-http", help="Beyond this machine without TLS: passwords travel in clear."),
    ] = False,
    config: Config = None,
) -> None:
    """Hand out the files that `seatline iad SITE --offer` opened, once each, until stopped (取文件服务).

    A device fetches at its own secret address. Whatever else is asked for is not found, is audited as
    iad-odd-fetch and told on stderr. Listens on 127.0.0.1:8080 unless [serve] in seatline.toml says
    otherwise.

    Examples: seatline serve   |   seatline serve --listen 192.0.2.1:8443
    """
    from provisioning import wiring, wiring_iads
    from provisioning.settings import listen_address

    settings = wiring.load_settings(config)
    host, port = listen_address(listen) if listen else (settings.serve.host, settings.serve.port)
    wiring_iads.serve(settings, host=host, port=port, plain_http=plain_http, tell=screens.say)
