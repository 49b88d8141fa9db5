"""Plugs the real world into what concerns IADs: families and templates, folders, the server (IAD接线)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.flows.errors import FlowError
from provisioning.settings import Settings
from provisioning.wiring import now, open_ledger, read_first, who

if TYPE_CHECKING:
    from pbx.iad.device import Device, Label
    from pbx.iad.family import Family
    from provisioning.flows.plan_iads import Addresses, DeviceFiles, Formats
    from provisioning.flows.write_iads import FileWriter
    from provisioning.web.app import Metrics

LARGEST_TEMPLATE = 1024 * 1024
"""Bytes of one file of a user's IAD template."""


def iad_families(settings: Settings) -> Callable[[str], Family]:
    """The family of a model: the user's template where seatline.toml names one, else ours.

    It raises Malformed for a model that has neither, and FlowError for a template that cannot be used.
    """
    from pbx.iad import models

    templates: dict[str, Family] = {}

    def family_of(model: str) -> Family:
        if model not in settings.iad_templates:
            return models.family_of(model)
        if model not in templates:
            templates[model] = _template(model, settings.iad_templates[model])
        return templates[model]

    return family_of


def _template(model: str, folder: Path) -> Family:
    """The template in that folder, its sample checked."""
    from pbx.errors import Malformed
    from pbx.iad import template_folder

    try:
        files = {
            file.name: read_first(str(file), LARGEST_TEMPLATE)
            for file in sorted(folder.iterdir())
            if file.is_file() and not file.name.startswith(".")
        }
        template = template_folder.load(files)
    except OSError as fault:
        raise FlowError(f"{folder}: the template of {model} cannot be read: {fault.strerror}") from None
    except Malformed as fault:
        raise FlowError(f"{folder}/{fault}") from None
    if model not in template.MODELS:
        raise FlowError(f"{folder}: the template is for {next(iter(template.MODELS))}, not for {model}")
    return template


def iad_addresses(settings: Settings, site: str) -> Addresses:
    """What the IADs of a site are told to turn to, by the settings of the switch that serves it."""
    from provisioning.flows.plan_iads import Addresses

    serving = [switch for switch in settings.switches.values() if switch.serves(site)]
    named = [switch for switch in serving if switch.sites is not None]
    found = next(iter(named or serving), None)
    return Addresses(sip=found.sip if found else None, url=settings.serve.url)


def iad_formats(settings: Settings) -> Formats:
    """Writes devices: by their family or the user's template, else as a worksheet for a person."""
    from pbx.iad import models
    from pbx.iad.template import Template
    from provisioning.flows.plan_iads import DeviceFiles

    family_of = iad_families(settings)

    def formats(device: Device, labels: Mapping[int, Label]) -> DeviceFiles:
        if device.model not in models.MODELS and device.model not in settings.iad_templates:
            return _worksheet(device, labels)
        family = family_of(device.model)
        content = family.render(device, labels) if isinstance(family, Template) else family.render(device)
        fetched = "fetch_url" not in family.LACKS
        return DeviceFiles(
            files=((family.file_name(device), content),), fetched=fetched, check_sync=family.CHECK_SYNC
        )

    return formats


def _worksheet(device: Device, labels: Mapping[int, Label]) -> DeviceFiles:
    from provisioning.documents import iad_worksheet
    from provisioning.flows.plan_iads import DeviceFiles

    workbook = (f"{device.name}-worksheet.xlsx", iad_worksheet.as_workbook(device, labels))
    page = (f"{device.name}-worksheet.html", iad_worksheet.as_page(device, labels))
    return DeviceFiles(files=(workbook, page))


def device_folder(folder: Path) -> FileWriter:
    """Writes device files into a folder, for their owner only; FlowError when it cannot."""
    from pbx.live.device_folder import write_files

    def write(files: Sequence[tuple[str, bytes]]) -> None:
        try:
            write_files(folder, files)
        except (OSError, ValueError) as fault:
            why = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
            told = f"{folder}: the files cannot be written: {why}"
            raise FlowError(f"{told}. Nothing is recorded as handed out.") from None

    return write


def _metrics(settings: Settings) -> Metrics | None:
    """The figures of the last night, where the settings say from where they may be seen."""
    from provisioning.documents.metrics import CONTENT_TYPE
    from provisioning.web.app import Metrics
    from provisioning.wiring_nightly import metrics_now

    networks = settings.serve.metrics_from
    if not networks:
        return None
    return Metrics(read=lambda: metrics_now(settings), content_type=CONTENT_TYPE, networks=networks)


def serve(settings: Settings, *, host: str, port: int, plain_http: bool, tell: Callable[[str], None]) -> None:
    """Hands out IAD files on that address until the process is told to stop."""
    from provisioning.web.app import Desk
    from provisioning.web.server import Place, serve_desk

    told = settings.serve
    place = Place(host=host, port=port, certificate=told.certificate, key=told.key, plain_http=plain_http)
    place.check()
    family_of = iad_families(settings)
    for model in settings.iad_templates:
        family_of(model)
    if told.url is None:
        tell("no [serve] url in seatline.toml: devices are not told where to fetch")
    elif told.url.startswith("http://") and place.certificate is not None:
        tell(
            f"[serve] url says http://, and {place} speaks TLS: devices will not get their files there, "
            "unless something between translates"
        )
    desk = Desk(
        ledger=open_ledger(settings),
        family_of=family_of,
        clock=now,
        tell=tell,
        who=who(),
        metrics=_metrics(settings),
    )
    serve_desk(desk, place)
