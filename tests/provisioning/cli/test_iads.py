"""IADs at the command line: recorded, planned, written, and read back port by port."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pbx.iad import models
from pbx.iad.device import Line
from provisioning.store.ledger import open_ledger

from .quick_start import Done, seatline

ROOT = Path(__file__).parents[3]
ZHAOTONG = ROOT / "tests" / "golden" / "zhaotong"
ORDOS = ROOT / "tests" / "provisioning" / "intake" / "contracts"
SETTINGS = """
[switches.pbx]
ami = "127.0.0.1:9"
sip = "192.0.2.10:5060"
[serve]
url = "https://prov.example.net"
"""


class Desk:
    """seatline in a folder of its own, with a switch that nobody reaches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "seatline.toml").write_text(SETTINGS, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> Done:
        done = seatline(*arguments, folder=self.folder, SEATLINE_SECRET_PBX="CANARY")
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def lines_in(self, folder: str, site: str) -> dict[str, Line]:
        """What the files in a folder say, by IAD and port, read by each family's own parser."""
        told = self.json("iad", site, "--to", folder)
        found: dict[str, Line] = {}
        for file in told["files"]:
            content = (self.folder / folder / file["file"]).read_bytes()
            device = models.family_of(file["model"]).parse(content, file["model"])
            assert (len(device.ports), len(device.lines)) == (file["ports"], file["used"])
            found |= {f"{file['iad']}/{port}": line for port, line in device.lines}
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the 69 seats of Zhaotong on a GXW4248 and a GXW4224, recorded."""
    made = Desk(tmp_path_factory.mktemp("recorded"))
    text = (ZHAOTONG / "contract.yaml").read_text(encoding="utf-8")
    assert "renewal_months: 0" in text
    text = text.replace("renewal_months: 0", "renewal_months: 6", 1)
    (made.folder / "contract.yaml").write_text(text, encoding="utf-8")
    shutil.copy(ZHAOTONG / "numbers.csv", made.folder)
    made.run("contract", "add", "contract.yaml")
    return made.folder


@pytest.fixture
def zhaotong(recorded: Path, tmp_path: Path) -> Desk:
    """A copy of that folder of the test's own."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


def ordos(desk: Desk, model: str, passwords: bool = True) -> None:
    """The 21 seats of Ordos on one IAD, registering straight to the operator."""
    shutil.copy(ORDOS / "ordos-numbers.csv", desk.folder)
    text = (ORDOS / "ordos.yaml").read_text(encoding="utf-8")
    for old, new in (
        ('register: trunk, user: "+864774830001"', "register: seat, passwords: passwords.csv"),
        ('model: "240"', f'model: {model}, mac: "c0:74:ad:00:00:09"'),
        ("  name: ordos\n", "  name: ordos\n  switch: none\n"),
    ):
        assert old in text
        text = text.replace(old, new)
    rows = "".join(f"0477483{n:04},CANARY{n:04}\n" for n in range(1, 22))
    (desk.folder / "passwords.csv").write_text(f"号码,密码\n{rows}", encoding="utf-8")
    if not passwords:
        text = text.replace(", passwords: passwords.csv", "")
    (desk.folder / "ordos.yaml").write_text(text, encoding="utf-8")
    desk.run("contract", "add", "ordos.yaml")


def test_every_port_holds_the_ledgers_secret(zhaotong: Desk) -> None:
    """Two devices and 69 ports are planned, written, read back equal, and need no change afterwards."""
    planned = zhaotong.json("plan", code=4)
    assert planned["iads"] == [
        {"site": "zhaotong", "devices": 2, "ports": 69, "to_hand_out": ["iad-1", "iad-2"], "notes": []}
    ]
    kinds = [change["kind"] for change in planned["changes"]]
    assert (kinds.count("iad"), kinds.count("port"), planned["add"]) == (2, 69, 71)
    found = zhaotong.lines_in("usb", "zhaotong")
    with open_ledger(f"sqlite:///{zhaotong.folder / 'seatline.db'}") as ledger:
        secrets = ledger.secrets("zhaotong")
        (version,) = ledger.versions()
    assert {(f"{s.iad}/{s.port}", s.long_number) for s in version.contract.site.seats} == {
        (place, line.user) for place, line in found.items()
    }
    assert len(found) == 69
    for line in found.values():
        assert (line.auth_user, line.password) == (f"seat-{line.user}", secrets[line.user])
    after = zhaotong.json("plan", code=4)
    assert (after["iads"][0]["to_hand_out"], after["changes"]) == ([], [])


def test_files_are_private_and_the_table_says_what_is_where(zhaotong: Desk) -> None:
    """The folder is for its owner only; the table names device, model, MAC, file and ports in use."""
    said = zhaotong.run("iad", "zhaotong", "--to", "usb").stdout
    for text in ("iad-1", "grandstream-gxw4224", "c0:74:ad:00:00:02", "21 of 24", "48 of 48"):
        assert text in said
    assert (zhaotong.folder / "usb").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (zhaotong.folder / "usb").iterdir()} == {0o600}


def test_a_plan_is_told_in_words(zhaotong: Desk) -> None:
    """A plan names devices and ports a line each, in order, with what to do next."""
    said = zhaotong.run("plan", code=4).stdout.splitlines()
    assert said[0] == "+ iad iad-1: grandstream-gxw4248; 48 lines  [zhaotong]"
    assert said[1] == "+ port iad-1/1 (6001): 08702120001  [zhaotong]"
    assert said[-1].startswith("zhaotong: 2 IADs, 69 ports in use: 71 to add, 0 to change, 0 to remove")


def test_a_moved_seat_is_planned_as_a_move(zhaotong: Desk) -> None:
    """When the sheet sends a seat to another port, the plan says where it comes from."""
    zhaotong.run("iad", "zhaotong", "--to", "usb")
    rows = (zhaotong.folder / "numbers.csv").read_text(encoding="utf-8-sig").splitlines()
    width = rows[0].count(",")
    at = next(n for n, row in enumerate(rows) if row.startswith("08702120005"))
    rows[0] += ",接入设备,端口"
    rows[at] += "," * (width - rows[at].count(",")) + ",iad-2,24"
    (zhaotong.folder / "numbers.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    zhaotong.run("contract", "add", "contract.yaml", "--from", "2025-07-01")
    planned = zhaotong.json("plan", code=4)
    assert planned["iads"][0]["to_hand_out"] == ["iad-1", "iad-2"]
    changes = planned["changes"]
    assert [(one["action"], one["name"], one["detail"]) for one in changes] == [
        ("change", "iad-2/24", ["08702120005 moves here from iad-1/5"])
    ]


def test_without_a_switch_no_switch_is_asked(desk: Desk) -> None:
    """A site whose IADs register to the operator is planned and written with no switch set at all."""
    (desk.folder / "seatline.toml").unlink()
    ordos(desk, "grandstream-gxw4224")
    planned = desk.json("plan", code=2)
    assert (planned["add"], planned["iads"][0]["ports"]) == (22, 21)
    found = desk.lines_in("usb", "ordos")
    assert {place: (one.user, one.auth_user, one.password) for place, one in found.items()} == {
        f"iad-1/{n}": (f"+864774830{n:03}", f"+864774830{n:03}@ims.example.net", f"CANARY{n:04}")
        for n in range(1, 22)
    }
    assert desk.json("plan", "ordos")["changes"] == []
    assert desk.run("apply", "ordos", "--yes").stderr == ""


@pytest.mark.parametrize("set_up", [True, False])
def test_a_site_without_a_switch_says_so(desk: Desk, set_up: bool) -> None:
    """Apply and drift say that there is no switch and where to look, one being set for others or not."""
    ordos(desk, "grandstream-gxw4224")
    if not set_up:
        (desk.folder / "seatline.toml").unlink()
    said = "ordos: no switch in the path"
    for command in (["apply", "--yes", "ordos"], ["drift", "ordos"], ["apply", "--yes"], ["drift"]):
        done = desk.run(*command)
        assert done.stdout.startswith(said)
        assert "see `seatline iad ordos`" in done.stdout
        as_json = desk.run(*command, "--json")
        assert json.loads(as_json.stdout)["switches"] == []
        assert as_json.stderr.startswith(said)


def test_there_is_no_apply_to_undo_without_a_switch(zhaotong: Desk) -> None:
    """--undo of a site without a switch is an error, and nothing is asked of a site beside it either."""
    ordos(zhaotong, "grandstream-gxw4224")
    for sites in (["ordos"], ["zhaotong", "ordos"]):
        done = zhaotong.run("apply", *sites, "--undo", "--yes", code=1)
        assert "no apply to undo; ordos: no switch in the path" in done.stderr
        assert done.stdout == ""


def test_drift_tells_a_device_with_an_old_file(desk: Desk) -> None:
    """A device that was given a file and should have another by now is drift, until it has it."""
    ordos(desk, "grandstream-gxw4224")
    desk.run("iad", "ordos", "--to", "usb")
    assert "old file" not in desk.run("drift", "ordos").stdout
    settings = SETTINGS.replace("prov.example.net", "other.example.net")
    (desk.folder / "seatline.toml").write_text(settings, encoding="utf-8")
    said = desk.run("drift", "ordos", code=2).stdout
    line = "IAD has an old file: site ordos: iad-1 should have another file than it was given (carried "
    assert line in said
    assert "`seatline iad ordos --to DIR` writes it" in said
    (stale,) = desk.json("drift", "ordos", code=2)["iads"]
    at = stale.pop("at")
    assert stale == {"class": "IAD has an old file", "site": "ordos", "iad": "iad-1", "how": "carried"}
    assert at in said
    desk.run("iad", "ordos", "--to", "usb")
    assert desk.json("drift", "ordos")["iads"] == []


def test_a_switchless_site_beside_others_asks_no_switch(zhaotong: Desk) -> None:
    """The switch of other sites may be down: a site that never had one is planned all the same."""
    ordos(zhaotong, "grandstream-gxw4224")
    assert zhaotong.json("plan", "ordos", code=2)["add"] == 22
    both = zhaotong.json("plan", code=4)
    assert [one["site"] for one in both["iads"]] == ["ordos", "zhaotong"]


@pytest.mark.parametrize("model", ["huawei-iad1224", '"240"'])
def test_a_model_without_a_format_gets_a_worksheet(desk: Desk, model: str) -> None:
    """A box nobody publishes a format for gets a workbook and a page to print, with every password."""
    ordos(desk, model)
    (file,) = desk.json("iad", "ordos", "--to", "usb")["files"]
    assert (file["file"], file["more"]) == ("iad-1-worksheet.xlsx", ["iad-1-worksheet.html"])
    assert (file["ports"], file["used"]) == (21, 21)
    page = (desk.folder / "usb" / "iad-1-worksheet.html").read_text(encoding="utf-8")
    assert all(f"CANARY{n:04}" in page for n in range(1, 22))
    assert desk.json("plan")["changes"] == []


def test_missing_passwords_are_one_clear_fault(desk: Desk) -> None:
    """Without the operator's passwords nothing is written; the fault counts them and says what to do."""
    ordos(desk, "grandstream-gxw4224", passwords=False)
    done = desk.run("iad", "ordos", "--to", "usb", code=1)
    assert "21 of 21 seats have no IMS password" in done.stderr
    assert "site.ims.passwords" in done.stderr
    assert not (desk.folder / "usb").exists()
    assert "21 of 21 seats have no IMS password" in desk.run("plan", code=2).stderr


def test_a_site_that_gets_rid_of_its_switch_is_taken_off_it(zhaotong: Desk) -> None:
    """A site that had a switch and has none any more still concerns it: it is to be removed there."""
    text = (zhaotong.folder / "contract.yaml").read_text(encoding="utf-8")
    text = text.replace("  area_code:", "  switch: none\n  area_code:", 1)
    (zhaotong.folder / "contract.yaml").write_text(text, encoding="utf-8")
    zhaotong.run("contract", "add", "contract.yaml", "--from", "2025-08-01")
    assert "switch cannot be reached" in zhaotong.run("plan", "zhaotong", code=4).stderr


def test_the_missing_address_of_the_switch_is_named(zhaotong: Desk) -> None:
    """Without the switch's SIP address files are refused with the setting to add; a plan only says so."""
    (zhaotong.folder / "seatline.toml").write_text('[switches.pbx]\nami = "127.0.0.1:9"\n', encoding="utf-8")
    assert 'add sip = "host:port"' in zhaotong.run("iad", "zhaotong", "--to", "usb", code=1).stderr
    planned = zhaotong.json("plan", code=4)
    assert (planned["changes"], planned["iads"][0]["ports"]) == ([], 0)
    assert "add sip" in planned["iads"][0]["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("zhaotong",), "--to DIR"),
        (("zhaotong", "--to", "usb", "--offer"), "either --to DIR"),
        (("nowhere", "--to", "usb"), "sites with a contract: zhaotong"),
        (("zhaotong", "--offer", "--minutes", "0"), "1 to 1440 minutes"),
        (("zhaotong", "--to", "contract.yaml"), "the files cannot be written"),
        (("zhaotong", "--to", ""), "--to needs the name of a folder"),
        (("zhaotong", "--to", "usb", "--again"), "--again goes with --offer"),
        (("zhaotong", "iad-1", "--offer", "--renew"), "--renew goes with --to DIR"),
        (("zhaotong", "--to", "usb", "--renew"), "--renew needs the names"),
        (("zhaotong", "iad-3", "--to", "usb"), "has no IAD iad-3; it has iad-1, iad-2"),
    ],
)
def test_what_cannot_be_meant_is_refused(zhaotong: Desk, arguments: tuple[str, ...], told: str) -> None:
    """A slip is one clear sentence, and nothing is handed out."""
    assert told in zhaotong.run("iad", *arguments, code=1).stderr
    assert zhaotong.json("plan", code=4)["add"] == 71


def test_an_offer_needs_an_address(zhaotong: Desk) -> None:
    """Files are offered where devices are told where to fetch; a device that does not know is carried."""
    told = zhaotong.json("iad", "zhaotong", "--offer")
    assert told == {"site": "zhaotong", "offers": [], "carry": ["iad-1", "iad-2"], "gone": []}
    (zhaotong.folder / "seatline.toml").write_text('[switches.pbx]\nami = "127.0.0.1:9"\n', encoding="utf-8")
    assert "set url" in zhaotong.run("iad", "zhaotong", "--offer", code=1).stderr


def test_an_offer_waits_even_when_the_switch_is_down(zhaotong: Desk) -> None:
    """A changed device gets its window; that the switch cannot tell it is said, and no fault."""
    zhaotong.run("iad", "zhaotong", "--to", "usb")
    rows = (zhaotong.folder / "numbers.csv").read_text(encoding="utf-8-sig").splitlines()
    kept = [row for row in rows if not row.startswith("08702120069")]
    (zhaotong.folder / "numbers.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    text = (zhaotong.folder / "contract.yaml").read_text(encoding="utf-8")
    stated = next(line for line in text.splitlines() if line.startswith("stated:"))
    (zhaotong.folder / "contract.yaml").write_text(text.replace(f"{stated}\n", ""), encoding="utf-8")
    zhaotong.run("contract", "add", "contract.yaml", "--from", "2025-07-01")
    told = zhaotong.json("iad", "zhaotong", "--offer", "--minutes", "5")
    (offer,) = told["offers"]
    assert (offer["iad"], offer["file"]) == ("iad-2", "cfgc074ad000002.xml")
    assert "switch is down" in offer["notified"]
    with open_ledger(f"sqlite:///{zhaotong.folder / 'seatline.db'}") as ledger:
        secrets = ledger.device_secrets("zhaotong", ["iad-2"], new_secret=str, at=None)
        held = ledger.offered(secrets["iad-2"].token)
    assert held is not None
    device = models.family_of(held.model).parse(held.content, held.model)
    assert len(device.lines) == 20


def test_the_helpdesk_finds_a_seat_by_its_port(zhaotong: Desk) -> None:
    """Ports that were allotted are found like those the sheet says."""
    (found,) = zhaotong.json("lookup", "iad-2/21")
    assert (found["long_number"], found["iad"], found["port"]) == ("08702120069", "iad-2", 21)


def test_a_port_is_written_alike_everywhere(zhaotong: Desk) -> None:
    """Lookup, contract and plan all say iad-2/21, and what one says the helpdesk can look up."""
    assert zhaotong.run("lookup", "iad-2/21").stdout.split() == [
        "6069", "08702120069", *_department(zhaotong), "iad-2/21", "zhaotong", "zhaotong-2025",
        "2025-07-01..",
    ]  # fmt: skip
    for command, code in ((["contract", "show", "zhaotong-2025"], 0), (["plan"], 4)):
        assert "iad-2/21" in zhaotong.run(*command, code=code).stdout


def _department(desk: Desk) -> list[str]:
    (found,) = desk.json("lookup", "08702120069")
    return [found[key] for key in ("name", "department", "remark") if found[key]]


def test_no_output_shows_a_secret(zhaotong: Desk) -> None:
    """Neither plan nor table nor JSON shows a password or a token."""
    with open_ledger(f"sqlite:///{zhaotong.folder / 'seatline.db'}") as ledger:
        secrets = set(ledger.secrets("zhaotong").values())
    shown = [
        zhaotong.run("plan", code=4),
        zhaotong.run("iad", "zhaotong", "--to", "usb"),
        zhaotong.run("iad", "zhaotong", "--to", "usb", "--json"),
        zhaotong.run("iad", "zhaotong", "--offer"),
    ]
    text = "".join(one.stdout + one.stderr for one in shown)
    assert not any(secret in text for secret in secrets)
    assert "/iad/" not in text


def token_of(desk: Desk, iad: str) -> str:
    with open_ledger(f"sqlite:///{desk.folder / 'seatline.db'}") as ledger:
        made = ledger.device_secrets("zhaotong", [iad], new_secret=str, at=None)
    return made[iad].token


def test_one_device_is_offered_again(zhaotong: Desk) -> None:
    """A device whose fetch broke off is offered its unchanged file again, and it alone."""
    zhaotong.run("iad", "zhaotong", "--to", "usb")
    assert "--again" in zhaotong.run("iad", "zhaotong", "--offer").stdout
    told = zhaotong.json("iad", "zhaotong", "iad-2", "--offer", "--again")
    assert [one["iad"] for one in told["offers"]] == ["iad-2"]


def test_a_stolen_file_is_worth_nothing(zhaotong: Desk) -> None:
    """--renew changes address, web password and SIP secrets of the named device, and says what is left."""
    first = zhaotong.lines_in("usb", "zhaotong")
    token = token_of(zhaotong, "iad-2")
    zhaotong.run("iad", "zhaotong", "--offer", "--again")
    done = zhaotong.run("iad", "zhaotong", "iad-2", "--renew", "--to", "new")
    assert "with another address and web password: iad-2" in done.stdout
    assert "iad-2: its offer, open until" in done.stdout
    assert "iad-1: its offer" not in done.stdout
    assert "seatline apply zhaotong" in done.stderr
    assert [file.name for file in (zhaotong.folder / "new").iterdir()] == ["cfgc074ad000002.xml"]
    assert token_of(zhaotong, "iad-2") != token
    second = zhaotong.lines_in("again", "zhaotong")
    changed = {place for place in first if first[place].password != second[place].password}
    assert changed == {place for place in first if place.startswith("iad-2/")}
    assert zhaotong.json("plan", code=4)["changes"] == []


def test_a_replaced_device_gets_another_address(zhaotong: Desk) -> None:
    """A device with another MAC address is carried its file, with secrets that the former one never had."""
    zhaotong.run("iad", "zhaotong", "--to", "usb")
    token = token_of(zhaotong, "iad-2")
    contract = zhaotong.folder / "contract.yaml"
    text = contract.read_text(encoding="utf-8")
    assert "c0:74:ad:00:00:02" in text
    contract.write_text(text.replace("c0:74:ad:00:00:02", "c0:74:ad:00:00:0a"), encoding="utf-8")
    zhaotong.run("contract", "add", "contract.yaml", "--from", "2025-08-01")
    told = zhaotong.json("iad", "zhaotong", "--offer")
    assert (told["offers"], told["carry"]) == ([], ["iad-2"])
    assert zhaotong.json("iad", "zhaotong", "--to", "usb")["renewed"] == ["iad-2"]
    assert token_of(zhaotong, "iad-2") != token


def test_a_device_that_is_gone_is_told_with_an_offer_too(zhaotong: Desk) -> None:
    """Whether files are carried or offered: what is forgotten is named."""
    zhaotong.run("iad", "zhaotong", "--to", "usb")
    contract = zhaotong.folder / "contract.yaml"
    text = contract.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if "{name: iad-2" not in line]
    contract.write_text("\n".join(kept) + "\n", encoding="utf-8")
    zhaotong.run("contract", "add", "contract.yaml", "--from", "2025-08-01")
    shutil.copytree(zhaotong.folder, zhaotong.folder / "copy")
    assert "no longer at the site: iad-2" in zhaotong.run("iad", "zhaotong", "--offer").stdout
    assert Desk(zhaotong.folder / "copy").json("iad", "zhaotong", "--offer")["gone"] == ["iad-2"]


def test_tr104_is_carried(desk: Desk) -> None:
    """A device that only an operator's ACS speaks to fetches nothing, and is offered nothing."""
    ordos(desk, "tr104-24")
    desk.run("iad", "ordos", "--to", "usb")
    said = desk.run("iad", "ordos", "--offer", "--again").stdout
    assert "iad-1: does not fetch; carry its file" in said


@pytest.mark.parametrize(
    ("model", "settings", "told"),
    [
        ("grandstream-gxw4224", 'settings: {vlan: "5000"}', "vlan"),
        ("grandstream-gxw4224", 'settings: {ntp: "a b"}', "ntp"),
        ("audiocodes-mp124", 'settings: {dial_plan: "x;y"}', "dial_plan"),
    ],
)
def test_what_no_file_can_hold_is_found_by_check(desk: Desk, model: str, settings: str, told: str) -> None:
    """What would keep a device's file from being written is told before the contract is recorded."""
    shutil.copy(ORDOS / "ordos-numbers.csv", desk.folder)
    text = (ORDOS / "ordos.yaml").read_text(encoding="utf-8")
    assert 'model: "240"' in text
    text = text.replace('model: "240"', f"model: {model}, {settings}")
    (desk.folder / "ordos.yaml").write_text(text, encoding="utf-8")
    line = next(n for n, one in enumerate(text.splitlines(), start=1) if settings in one)
    for command in (("check",), ("contract", "add")):
        (problem,) = desk.json(*command, "ordos.yaml", code=3)["problems"]
        assert problem["code"] == "unwritable-iad"
        assert problem["line"] == line
        assert told in problem["message"]


def test_all_that_no_file_can_hold_is_found_at_once(desk: Desk) -> None:
    """Each setting that keeps a file from being written is a problem of its own, at its own place."""
    shutil.copy(ORDOS / "ordos-numbers.csv", desk.folder)
    text = (ORDOS / "ordos.yaml").read_text(encoding="utf-8")
    several = 'model: grandstream-gxw4224, settings: {vlan: "5000", ntp: "a b", dial_plan: "{ x+ }"}'
    (desk.folder / "ordos.yaml").write_text(text.replace('model: "240"', several), encoding="utf-8")
    problems = desk.json("check", "ordos.yaml", code=3)["problems"]
    assert [one["code"] for one in problems] == ["unwritable-iad"] * 2
    assert ["vlan" in problems[0]["message"], "ntp" in problems[1]["message"]] == [True, True]
    assert problems[0]["column"] < problems[1]["column"]


def test_a_fax_on_a_telephone_is_found_by_check(desk: Desk) -> None:
    """A card terminal on a Yealink, and a template without the number of its ports, are told by check."""
    shutil.copytree(ROOT / "tests" / "pbx" / "iad" / "templates" / "dinstar-example", desk.folder / "box")
    (desk.folder / "seatline.toml").write_text(
        f'{SETTINGS}\n[iad_templates]\n"dinstar-example" = "box"\n', encoding="utf-8"
    )
    text = (ORDOS / "ordos.yaml").read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("stated:")) + "\n"
    for model, said in (("yealink-t46s", "no fax or card terminal"), ("dinstar-example", "with 2 ports")):
        rows = "04774830001,601,fax\n04774830002,602,\n"
        (desk.folder / "ordos-numbers.csv").write_text(
            f"long_number,short_number,features\n{rows}", encoding="utf-8"
        )
        (desk.folder / "ordos.yaml").write_text(text.replace('model: "240"', f"model: {model}"), "utf-8")
        problems = desk.json("check", "ordos.yaml", code=3)["problems"]
        assert [one["code"] for one in problems] == ["unwritable-iad"], problems
        assert said in problems[0]["message"]
