"""A softphone process: the only file that knows pjsua2, driven by JSON lines over its pipes (软电话进程).

It is a process of its own because PJSIP ends the whole process when it is misused, allows one instance in it,
and must be fed from one thread. Orders come on stdin, events go out on stdout, one JSON object a line;
softphone.py is the other end and says what they mean. Secrets come over the pipe, never as arguments.

    {"do": "register", "phone": 1, "user": "08702120001", "auth_user": "seat-08702120001", "secret": "...",
     "registrar": "127.0.0.1:5160", "register": true, "answer": "auto"}
    {"do": "dial", "phone": 1, "call": 5, "number": "6002", "headers": [["X", "y"]]}
    {"do": "answer", "call": 6, "code": 200}     {"do": "hang_up", "call": 5}     {"do": "stop"}
    {"do": "hear", "call": 5, "packets": 10}     {"do": "press", "call": 5, "keys": "6001#"}
    {"do": "hum", "call": 5, "hertz": 700}       {"do": "keep", "call": 5, "file": "/tmp/heard.wav"}
"""

from __future__ import annotations

import gc
import json
import os
import select
import sys
import time
from typing import Any

import pjsua2 as pj

_STATES = {
    pj.PJSIP_INV_STATE_CALLING: "calling",
    pj.PJSIP_INV_STATE_EARLY: "early",
    pj.PJSIP_INV_STATE_CONNECTING: "connecting",
    pj.PJSIP_INV_STATE_CONFIRMED: "connected",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}
_CALLS = 4
"""Calls that PJSIP, as it is built, has room for at once in a process, in and out together."""
_FREE = 10.0
"""Seconds that a call waits for such a room: the other leg of one that is over may not know it yet."""
_PACE = 0.04
"""Seconds between two calls: PJSIP has 64 sockets, and gives those of a call back half a second after it."""
_PARTING = 5.0
"""Seconds the other side has to acknowledge that we hang up and sign off."""
_SHOWN = {
    "from": "from",
    "p-asserted-identity": "asserted",
    "pai": "asserted",
    "diversion": "diverted",
    "history-info": "diverted",
}


class _Call(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """One call leg; tells the other end about every change of its state."""

    def __init__(self, softphone: Softphone, number: int, account: Any, call_id: int = -1) -> None:
        super().__init__(account, call_id)
        self.softphone = softphone
        self.number = number
        self.heard = 0
        self.quality: dict[str, float] = {}
        self.awaited = 0
        self.hertz = 0
        self.file = ""
        self.media: Any = None
        self.recorder: Any = None
        self.generator: Any = None

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        info = self.getInfo()
        state = _STATES.get(info.state)
        if state is None:
            return
        self.count()
        event = {"event": "state", "call": self.number, "state": state, "heard": self.heard}
        if info.lastStatusCode:
            event |= {"code": int(info.lastStatusCode), "reason": info.lastReason}
        if state == "ended":
            seconds = info.connectDuration.sec + info.connectDuration.msec / 1000
            self.softphone.over.append(self.number)
            self.silence()
            event |= {"seconds": seconds, "quality": self.quality}
        self.softphone.tell(event)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()  # kept: what is reached through it is part of it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.media = self.getAudioMedia(index)
                self.softphone.speak(self.media)
                self.sound()

    def sound(self) -> None:
        """Hums and keeps what it hears, where somebody wants that and there is a voice path."""
        if self.media is None:
            return
        if self.hertz and self.generator is None:
            self.generator = pj.ToneGenerator()
            self.generator.createToneGenerator(8000, 1)
            tone = pj.ToneDesc()
            tone.freq1, tone.freq2, tone.on_msec, tone.off_msec = self.hertz, 0, 1000, 0
            tones = pj.ToneDescVector()
            tones.append(tone)
            self.generator.play(tones, True)
        if self.generator is not None:
            self.generator.startTransmit(self.media)
        if self.file and self.recorder is None:
            self.recorder = pj.AudioMediaRecorder()
            self.recorder.createRecorder(self.file)
        if self.recorder is not None:
            self.media.startTransmit(self.recorder)

    def silence(self) -> None:
        """Closes the file of what was heard, so that it is whole."""
        self.recorder = self.generator = self.media = None
        gc.collect()

    def count(self) -> None:
        """Keeps the number of voice packets received so far: once the call is over it cannot be asked. Tells
        once when there are as many as somebody waits for."""
        if not self.hasMedia():
            return
        try:
            statistics = self.getStreamStat(0)  # kept, as above
        except pj.Error:
            return
        received = statistics.rtcp.rxStat
        self.heard = max(self.heard, int(received.pkt))
        self.quality = {
            "lost": int(received.loss),
            "jitter": received.jitterUsec.mean / 1000,
            "jitter_most": received.jitterUsec.max / 1000,
        }
        if 0 < self.awaited <= self.heard:
            self.awaited = 0
            self.softphone.tell({"event": "heard", "call": self.number, "heard": self.heard})


class _Account(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    """One telephone's identity at the switch."""

    def __init__(self, softphone: Softphone, phone: int, answer: str) -> None:
        super().__init__()
        self.softphone = softphone
        self.phone = phone
        self.answer = answer

    def onRegState(self, prm: Any) -> None:  # noqa: N802
        self.softphone.tell(
            {"event": "registered", "phone": self.phone, "code": int(prm.code), "reason": prm.reason}
        )

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        number = self.softphone.next_incoming()
        call = _Call(self.softphone, number, self, prm.callId)
        self.softphone.calls[number] = call
        message = prm.rdata.wholeMsg
        self.softphone.tell(
            {"event": "incoming", "phone": self.phone, "call": number, "invite": message}
            | _identities(message)
        )
        if self.answer == "auto":
            self.softphone.answer(number, 200)
        elif self.answer == "ring":
            self.softphone.answer(number, 180)


class Softphone:
    """All telephones of this process, and the loop that keeps them alive."""

    def __init__(self, bind: str) -> None:
        self.bind = bind
        self.accounts: dict[int, _Account] = {}
        self.registrars: dict[int, str] = {}
        self.calls: dict[int, _Call] = {}
        self.over: list[int] = []
        self.buried: list[_Call] = []
        self._incoming = 0
        self._next_dial = 0.0
        self._endpoint = pj.Endpoint()
        self._start()

    def _start(self) -> None:
        self._endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = _CALLS
        config.uaConfig.userAgent = "seatline-softphone"
        config.logConfig.level = 0
        config.logConfig.consoleLevel = 0
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self._endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = self.bind
        transport.port = 0
        self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()

    def tell(self, event: dict[str, Any]) -> None:
        """Sends one event."""
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    def speak(self, audio: Any) -> None:
        """Sends the microphone, which is silence, so that the other side receives a steady stream."""
        self._endpoint.audDevManager().getCaptureDevMedia().startTransmit(audio)

    def next_incoming(self) -> int:
        """A number for a call that comes in: negative, as the other end numbers its own from 1."""
        self._incoming -= 1
        return self._incoming

    def register(self, order: dict[str, Any]) -> None:
        """Adds a telephone; with `register` it also says at the switch where it is."""
        config = pj.AccountConfig()
        config.idUri = f"sip:{order['user']}@{order['registrar']}"
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", "*", order["auth_user"], 0, order["secret"])
        )
        if order["register"]:
            config.regConfig.registrarUri = f"sip:{order['registrar']}"
            config.regConfig.timeoutSec = 300
            config.regConfig.retryIntervalSec = 0
        config.mediaConfig.transportConfig.boundAddress = self.bind
        account = _Account(self, order["phone"], order["answer"])
        self.accounts[order["phone"]] = account
        self.registrars[order["phone"]] = order["registrar"]
        account.create(config)

    def bury(self) -> None:
        """Puts away the calls that are over. They are kept to the end: a call that is let go hangs up whoever
        has its place in PJSIP by then."""
        while self.over:
            if (call := self.calls.pop(self.over.pop(), None)) is not None:
                self.buried.append(call)

    def dial(self, order: dict[str, Any]) -> None:
        """Calls a number at the telephone's switch; `headers` are added to the INVITE."""
        end = time.monotonic() + _FREE
        while time.monotonic() < self._next_dial or (len(self.calls) >= _CALLS and time.monotonic() < end):
            self._endpoint.libHandleEvents(10)
            self.bury()
        self.bury()
        self._next_dial = time.monotonic() + _PACE
        phone, number = order["phone"], order["call"]
        call = _Call(self, number, self.accounts[phone])
        self.calls[number] = call
        prm = pj.CallOpParam(True)
        for name, value in order["headers"]:
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            prm.txOption.headers.append(header)
        try:
            call.makeCall(f"sip:{order['number']}@{self.registrars[phone]}", prm)
        except pj.Error as fault:
            self.over.append(number)
            self.tell({"event": "state", "call": number, "state": "ended", "code": 0, "reason": fault.reason})

    def answer(self, number: int, code: int) -> None:
        """Answers a call that came in: 180 rings, 200 lifts the receiver, 486 is busy."""
        call = self.calls.get(number)
        if call is not None:
            prm = pj.CallOpParam(True)
            prm.statusCode = code
            call.answer(prm)

    def hear(self, number: int, packets: int) -> None:
        """Tells when so many voice packets of a call have come in."""
        call = self.calls.get(number)
        if call is not None:
            call.awaited = packets

    def press(self, number: int, keys: str) -> None:
        """Presses keys during a call (DTMF, RFC 4733)."""
        call = self.calls.get(number)
        if call is not None:
            call.dialDtmf(keys)

    def sound(self, number: int, *, hertz: int = 0, file: str = "") -> None:
        """From now on, or as soon as there is a voice path: hums a tone, keeps what is heard in a file."""
        call = self.calls.get(number)
        if call is not None:
            call.hertz, call.file = hertz or call.hertz, file or call.file
            call.sound()

    def hang_up(self, number: int) -> None:
        """Ends a call, whatever its state."""
        call = self.calls.get(number)
        if call is not None:
            call.hangup(pj.CallOpParam(True))

    def obey(self, line: bytes) -> bool:
        """Carries out one order; False means stop."""
        order = json.loads(line)
        match order["do"]:
            case "register":
                self.register(order)
            case "dial":
                self.dial(order)
            case "answer":
                self.answer(order["call"], order["code"])
            case "hear":
                self.hear(order["call"], order["packets"])
            case "press":
                self.press(order["call"], order["keys"])
            case "hum":
                self.sound(order["call"], hertz=order["hertz"])
            case "keep":
                self.sound(order["call"], file=order["file"])
            case "hang_up":
                self.hang_up(order["call"])
            case _:
                return False
        return True

    def run(self) -> None:
        """Until told to stop, or until the other end is gone."""
        self.tell({"event": "ready"})
        pending = b""
        while True:
            self._endpoint.libHandleEvents(10)
            self.bury()
            for call in self.calls.values():
                call.count()
            if not select.select([0], [], [], 0)[0]:
                continue
            block = os.read(0, 65536)
            if not block:
                return
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                try:
                    if not self.obey(line):
                        return
                except pj.Error as fault:
                    self.tell({"event": "fault", "reason": fault.reason})

    def stop(self) -> None:
        """Hangs up, signs off and goes; every call and account is gone before the library is."""
        self._endpoint.hangupAllCalls()
        registered = [account for account in self.accounts.values() if account.getInfo().regIsActive]
        for account in registered:
            account.setRegistration(False)
        end = time.monotonic() + _PARTING
        while time.monotonic() < end:
            self._endpoint.libHandleEvents(10)
            if not self.calls.keys() - set(self.over) and not any(
                a.getInfo().regIsActive for a in registered
            ):
                break
        self.calls.clear()
        self.buried.clear()
        gc.collect()
        for account in self.accounts.values():
            account.shutdown()
        self.accounts.clear()
        gc.collect()
        self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)


def _identities(message: str) -> dict[str, str]:
    """What a caller is shown as: the From, P-Asserted-Identity, Diversion and History-Info of an INVITE."""
    shown = {"from": "", "asserted": "", "diverted": ""}
    for line in message.split("\r\n\r\n", 1)[0].splitlines()[1:]:
        name, _, value = line.partition(":")
        key = _SHOWN.get(name.strip().lower())
        if key is not None:
            shown[key] = value.strip()
    return shown


def main() -> None:
    """Runs the softphones bound to the address given as the only argument."""
    softphone = Softphone(sys.argv[1])
    try:
        softphone.run()
    finally:
        softphone.stop()


if __name__ == "__main__":
    main()
