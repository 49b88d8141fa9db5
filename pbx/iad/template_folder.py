"""Reads the folder of a user's template, and believes it only when its sample comes out (模板校验)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from pbx.errors import Malformed
from pbx.iad.device import Device, Label, Line, Port, Server
from pbx.iad.template import (
    ENCODINGS,
    ESCAPES,
    IN_FILE_NAME,
    LINE_ENDS,
    OF_DEVICE,
    OF_LABEL,
    OF_LINE,
    OF_PORT,
    TEXTS,
    Block,
    Made,
    Shape,
    Template,
    Text,
    names_in,
)

SETTINGS_FILE = "variables.toml"
SAMPLE_FILE = "sample.toml"
EXPECTED_FILE = "sample.expected"
TEMPLATE_ENDING = ".tmpl"
_MOST_PORTS = 512
_MOST_STARS = 2


def load(files: Mapping[str, bytes]) -> Template:
    """The template in these files, by their names. Malformed names the file and line that must be mended.

    The sample is rendered and compared byte for byte; every variable that is declared is used, and the
    other way round; every file of the ending .tmpl is used.
    """
    told = _table(files, SETTINGS_FILE)
    shape = _shape(files, told)
    _check_names(shape, _words(told, "variables"))
    template = Template(shape)
    _check_sample(template, shape, files)
    return template


def _shape(files: Mapping[str, bytes], told: Mapping[str, Any]) -> Shape:
    _only(
        told,
        required=("model", "ports", "file_name", "template", "variables", "blocks"),
        optional=(
            *("encoding", "line_ends", "escape", "refused", "values", "settings"),
            *("check_sync", "user_agent"),
        ),
        where=SETTINGS_FILE,
    )
    encoding = _one_of(told, "encoding", ENCODINGS, "utf-8")
    ports = told["ports"]
    if type(ports) is not int or not 1 <= ports <= _MOST_PORTS:
        raise Malformed(f"{SETTINGS_FILE}: ports is a number from 1 to {_MOST_PORTS}")
    agent = _optional(told, "user_agent")
    if agent is not None and (agent.count("*") > _MOST_STARS or agent.count("${mac}") > 1):
        raise Malformed(f"{SETTINGS_FILE}: user_agent has at most {_MOST_STARS} * and one ${{mac}}")
    return Shape(
        model=_word(told, "model"),
        ports=ports,
        file_name=_word(told, "file_name"),
        device=_text(files, _word(told, "template"), encoding),
        blocks=_blocks(files, told["blocks"], encoding),
        encoding=encoding,
        line_ends=_one_of(told, "line_ends", LINE_ENDS, "lf"),
        escape=_one_of(told, "escape", ESCAPES, "none"),
        refused=_optional(told, "refused") or "",
        values=_values(told.get("values", {})),
        settings=_settings(told.get("settings", {})),
        check_sync=_optional(told, "check_sync"),
        user_agent=agent,
    )


def _blocks(files: Mapping[str, bytes], told: Any, encoding: str) -> Mapping[str, Block]:
    if not isinstance(told, dict) or not told:
        raise Malformed(f"{SETTINGS_FILE}: [blocks] says which line of the template stands for the ports")
    blocks = {}
    for line, block in told.items():
        where = f"{SETTINGS_FILE}: [blocks] {line!r}"
        if not isinstance(block, dict) or not line.strip() or line != line.strip():
            raise Malformed(f'{where} is a line of the template, = {{used = "FILE", unused = "FILE"}}')
        _only(block, required=("used", "unused"), optional=(), where=where)
        blocks[line] = Block(
            used=_text(files, _word(block, "used", where), encoding),
            unused=_text(files, _word(block, "unused", where), encoding),
        )
    return blocks


def _values(told: Any) -> Mapping[str, Mapping[str, str]]:
    known = {*OF_DEVICE, *OF_LINE} - TEXTS
    if not isinstance(told, dict) or not set(told) <= known:
        raise Malformed(f"{SETTINGS_FILE}: [values.NAME] stands for one of {', '.join(sorted(known))}")
    for name, words in told.items():
        if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
            raise Malformed(f'{SETTINGS_FILE}: [values.{name}] is our word = "its word" each')
    return told


def _settings(told: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(told, dict):
        raise Malformed(f"{SETTINGS_FILE}: [settings] is NAME = [values] each")
    for name in told:
        if not name.replace("_", "a").isalnum() or name in {*OF_DEVICE, *OF_PORT, *OF_LINE, *OF_LABEL}:
            raise Malformed(f"{SETTINGS_FILE}: [settings] {name!r} is no name of its own")
    return {name: _words(told, name) for name in told}


def _check_names(shape: Shape, declared: tuple[str, ...]) -> None:
    """What each file asks for is known there and declared; what is declared is asked for somewhere."""
    everywhere = {*OF_DEVICE, *shape.settings}
    used = set()
    rooms: list[tuple[Text, set[str]]] = [(shape.device, everywhere)]
    for block in shape.blocks.values():
        rooms += [
            (block.unused, everywhere | set(OF_PORT)),
            (block.used, everywhere | set(OF_PORT) | set(OF_LINE) | set(OF_LABEL)),
        ]
    rooms.append((Text(file=f"{SETTINGS_FILE}: file_name", lines=(shape.file_name,)), set(IN_FILE_NAME)))
    for text, known in rooms:
        for number, line in enumerate(text.lines, start=1):
            for name, column in names_in(line, f"{text.file}:{number}"):
                where = f"{text.file}:{number}:{column}"
                if name not in known:
                    raise Malformed(f"{where}: ${{{name}}} is not known here; {_known(name, known)}")
                if name not in declared and name not in shape.settings:
                    raise Malformed(f"{where}: ${{{name}}} is not declared in {SETTINGS_FILE}")
                used.add(name)
    if unused := sorted({*declared, *shape.settings, *shape.values} - used):
        raise Malformed(f"{SETTINGS_FILE}: declared and used nowhere: {', '.join(unused)}")
    lines = [line.strip() for line in shape.device.lines]
    for mark in shape.blocks:
        if lines.count(mark) != 1:
            raise Malformed(f"{shape.device.file}: the line {mark!r} of [blocks] stands there once, alone")


def _known(name: str, known: Iterable[str]) -> str:
    if name in OF_LINE or name in OF_LABEL or name in OF_PORT:
        return "it belongs into the block of a port" + ("" if name in OF_PORT else " in use")
    return f"known: {', '.join(sorted(known))}"


def _check_sample(template: Template, shape: Shape, files: Mapping[str, bytes]) -> None:
    used = {shape.device.file}
    for block in shape.blocks.values():
        used |= {block.used.file, block.unused.file}
    if extra := sorted(name for name in files if name.endswith(TEMPLATE_ENDING) and name not in used):
        raise Malformed(f"{extra[0]}: used nowhere; name it in {SETTINGS_FILE} or take it away")
    device, labels = _sample(_table(files, SAMPLE_FILE), shape)
    made = tuple(template.lines(device, labels))
    got, wanted = template.render(device, labels), _bytes(files, EXPECTED_FILE)
    template.file_name(device)
    if got != wanted:
        raise Malformed(_difference(made, got, wanted))


def _difference(made: tuple[Made, ...], got: bytes, wanted: bytes) -> str:
    """Where the sample differs first, without a word of its content: somebody may have put secrets there."""
    got_lines, wanted_lines = got.split(b"\n"), wanted.split(b"\n")
    pairs = enumerate(zip_longest(got_lines, wanted_lines))
    number, ours, theirs = next((at, a or b"", b or b"") for at, (a, b) in pairs if a != b)
    where = f"{EXPECTED_FILE}:{number + 1}"
    if number >= len(made):
        return f"{where}: goes on where the template has ended"
    one = made[number]
    source = f"{one.file}:{one.line}" + (f" for port {one.port}" if one.port is not None else "")
    if number >= len(wanted_lines) - 1 and not theirs:
        return f"{where}: ends where {source} goes on"
    if ours.rstrip(b"\r") == theirs.rstrip(b"\r"):
        return f"{where}: has another line end than line_ends of {SETTINGS_FILE} says"
    column = next(at for at, (a, b) in enumerate(zip_longest(ours, theirs), start=1) if a != b)
    return f"{where}:{column}: is not what {source} gives"


def _sample(told: Mapping[str, Any], shape: Shape) -> tuple[Device, Mapping[int, Label]]:
    _only(
        told,
        required=("name", "server", "lines"),
        optional=("mac", "settings", "fetch_url", "admin_password"),
        where=SAMPLE_FILE,
    )
    try:
        lines, labels = {}, {}
        for one in told["lines"]:
            number = one.pop("port", None)
            if type(number) is not int or not 1 <= number <= shape.ports or number in lines:
                raise Malformed(f"port {number!r} is none of 1 to {shape.ports}, or stands there twice")
            whose = {name: one.pop(name, "") for name in OF_LABEL}
            labels[number] = Label(
                short_number=whose["short_number"], name=whose["seat_name"], department=whose["department"]
            )
            lines[number] = Line(**one)
        ports = tuple(Port(number=number, line=lines.get(number)) for number in range(1, shape.ports + 1))
        device = Device(
            name=told["name"],
            model=shape.model,
            mac=told.get("mac"),
            server=Server(**told["server"]),
            ports=ports,
            settings=told.get("settings", {}),
            fetch_url=told.get("fetch_url"),
            admin_password=told.get("admin_password"),
        )
    except (Malformed, TypeError, KeyError, AttributeError, ValueError) as fault:
        raise Malformed(f"{SAMPLE_FILE}: not the values of a device: {fault}") from None
    if not lines or (len(lines) == shape.ports and shape.ports > 1):
        raise Malformed(f"{SAMPLE_FILE}: the sample has ports in use and ports not in use, to show both")
    return device, labels


def _bytes(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise Malformed(f"{name}: not in the folder of the template")
    return files[name]


def _text(files: Mapping[str, bytes], name: str, encoding: str) -> Text:
    try:
        text = _bytes(files, name).decode(ENCODINGS[encoding])
    except UnicodeDecodeError as fault:
        raise Malformed(f"{name}: not {encoding} at byte {fault.start + 1}") from None
    text = text.replace("\r\n", "\n")
    if text and not text.endswith("\n"):
        raise Malformed(f"{name}: its last line has no line end")
    return Text(file=name, lines=tuple(text.split("\n")[:-1]))


def _table(files: Mapping[str, bytes], name: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(_bytes(files, name).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Malformed(f"{name}: not valid TOML: {fault}") from None


def _only(table: Mapping[str, Any], *, required: Iterable[str], optional: Iterable[str], where: str) -> None:
    required, optional = tuple(required), tuple(optional)
    if unknown := sorted(set(table) - {*required, *optional}):
        raise Malformed(f"{where}: unknown key {unknown[0]}; known are {', '.join((*required, *optional))}")
    if missing := [key for key in required if key not in table]:
        raise Malformed(f"{where}: {missing[0]} is missing")


def _word(table: Mapping[str, Any], key: str, where: str = SETTINGS_FILE) -> str:
    value = table[key]
    if not isinstance(value, str) or not value:
        raise Malformed(f"{where}: {key} is text")
    return value


def _optional(table: Mapping[str, Any], key: str) -> str | None:
    return _word(table, key) if key in table else None


def _words(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = table[key]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Malformed(f"{SETTINGS_FILE}: {key} is a list of text")
    return tuple(values)


def _one_of(table: Mapping[str, Any], key: str, known: Iterable[str], default: str) -> str:
    value = table.get(key, default)
    if value not in tuple(known):
        raise Malformed(f"{SETTINGS_FILE}: {key} is one of {', '.join(known)}, not {value!r}")
    return str(value)
