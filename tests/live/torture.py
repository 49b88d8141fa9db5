"""SIP messages that no telephone sends: the cases of RFC 4475, and some that fuzzers send.

Each names its case as the RFC does. @PBX@ is the switch, @US@ the sender, @N@ a number of this message's own.
Written one line a header; `wire` makes CRLF of the line ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

_NUMBERS = count(1)

OFFER = """\
v=0
o=desk 1 1 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""

VIA = "Via: SIP/2.0/UDP @US@;branch=z9hG4bK-torture-@N@"
HEAD = f"""\
{VIA}
Max-Forwards: 70
From: <sip:08702120001@@PBX@>;tag=t@N@
To: <sip:13800138000@@PBX@>
Call-ID: torture-@N@
CSeq: 1 @METHOD@
Contact: <sip:caller@@US@>
"""
"""What a sound request has; a case replaces what it is about."""


def request(
    method: str = "INVITE",
    uri: str = "sip:13800138000@@PBX@",
    *,
    body: str = "",
    kind: str = "application/sdp",
    length: str | None = None,
    more: str = "",
    **changed: str,
) -> str:
    """A request of these headers, others replaced or (empty) left out, `more` behind them."""
    said = HEAD.replace("@METHOD@", method)
    for name, value in changed.items():
        header = name.replace("_", "-")
        lines = [line for line in said.splitlines() if not line.startswith(f"{header}:")]
        said = "\n".join([*lines, *([f"{header}: {value}"] if value else [])]) + "\n"
    size = str(len(body.replace("\n", "\r\n").encode("latin-1"))) if length is None else length
    typed = f"Content-Type: {kind}\n" if body and kind else ""
    counted = f"Content-Length: {size}\n" if size else ""
    return f"{method} {uri} SIP/2.0\n{said}{more}{typed}{counted}\n{body}"


def answer(status: str, **changed: str) -> str:
    """A response to a request that nobody sent."""
    _, _, rest = request("OPTIONS", **changed).partition("\n")
    return f"SIP/2.0 {status}\n{rest}"


LONG = "a-very-long-value-" * 20

VALID = {
    "wsinv": (
        "INVITE sip:13800138000@@PBX@;unknownparam SIP/2.0\n"
        "TO :\n  sip:13800138000@@PBX@ ;   tag    = 19@N@\n"
        'From   : "08702120001 \\\\\\"" <sip:08702120001@@PBX@>\n  ;\n  tag = 98@N@\n'
        "MaX-fOrWaRdS: 0068\nCall-ID: torture-@N@\nContent-Length   : @SIZE@\ncseq: 0009\n  INVITE\n"
        "Via  : SIP  /   2.0\n /UDP\n    @US@;branch=old@N@\n"
        "s :\nNobodys-Header:   a value\n that goes on\nAnother-Of-Nobodys: ;;,,;;,;\n"
        "Content-Type: application/sdp\nRoute:\n <sip:way.example.net;lr;one=value;two-without>\n"
        "v:  SIP  / 2.0  / TCP     hop.example.net   ;\n  branch  =   z9hG4bK1  ,\n"
        " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK2\n"
        'm:"Quoted \\"\\"" <sip:caller@@US@> ; newparam =\n      newvalue ;\n  secondparam ; q = 0.33\n\n'
        + OFFER
    ),
    "intmeth": request(
        "!a-Method0123456789_*+`.%of'its~own",
        "sip:1_odd.user~(is!fine)&isn't+it$/so?,/;;*:&its+secret=1,odd!*too~_(as-well)@@PBX@",
        From="one~` two'+_ three*%!.- <sip:plain@example.com>;param''~+*_!.-%=\"работающий\";tag=_t@N@",
        To='"BEL:\\\a NUL:\\\0 DEL:\\\x7f" <sip:1_odd.user~(is!fine)@@PBX@>',
    ),
    "esc01": request(
        uri="sip:sips%3Auser%40example.com@@PBX@",
        body=OFFER,
        To="sip:%75se%72@example.com",
        Contact="<sip:cal%6Cer@@US@;%6C%72;n%61me=v%61lue%25%34%31>",
    ),
    "escnull": request(
        "REGISTER",
        "sip:@PBX@",
        To="sip:null-%00-null@@PBX@",
        From="sip:null-%00-null@@PBX@;tag=t@N@",
        Contact="<sip:%00@@US@>, <sip:%00%00@@US@>",
    ),
    "esc02": request(
        "RE%47IST%45R", "sip:@PBX@", To='"%Z%45" <sip:resource@@PBX@>', Contact="<sip:alias1@@US@>"
    ),
    "lwsdisp": request("OPTIONS", From="caller<sip:08702120001@@PBX@>;tag=t@N@"),
    "longreq": request(
        From=f'"{LONG}" <sip:{"averyveryverylongname" * 10}@@PBX@>;tag=12{"1234567abcd" * 30};{LONG}={LONG}',
        Call_ID=f"{'longone.one' * 10}so{'long' * 40}callid@N@",
        more=f"Unknown-{'Long' * 40}-Name: {LONG}\n"
        + "".join(f"Via: SIP/2.0/TCP sip{n}.example.com\n" for n in range(33, 0, -1)),
        body=OFFER,
    ),
    "dblreq": request("REGISTER", "sip:@PBX@", length="0") + request(body=OFFER),
    "semiuri": request("OPTIONS", "sip:user;par=u%40example.net@@PBX@"),
    "transports": request(
        "OPTIONS",
        more="".join(
            f"Via: SIP/2.0/{one} t{n}.example.com;branch=z9hG4bK{n}\n"
            for n, one in enumerate(("SCTP", "TLS", "UNKNOWN", "TCP"))
        ),
    ),
    "mpart01": request(
        "MESSAGE",
        body="--part\nContent-Type: text/plain\nContent-Transfer-Encoding: binary\n\nHello\n--part\n"
        "Content-Type: application/octet-stream\n\n\0\x01\x02\xff\xfe\n--part--\n",
        kind="multipart/mixed;boundary=part",
    ),
    "unreason": answer("200 = 2**3 * 5**2 \u597d\u7684"),
    "noreason": answer("100 "),
}
"""RFC 4475, 3.1.1: right, and strange."""

BROKEN = {
    "badinv01": request(
        body=OFFER, Contact="<sip:caller@example.org>;;;;", more="Via: SIP/2.0/UDP 192.0.2.15;;,;,,\n"
    ),
    "clerr": request(body=OFFER, length="9999"),
    "ncl": request(body=OFFER, length="-999"),
    "scalar02": request(
        "REGISTER",
        "sip:@PBX@",
        CSeq="36893488147419103232 REGISTER",
        Max_Forwards="300",
        more="Expires: 10000000000000000000000\n",
        Contact="<sip:caller@@US@>;expires=280297596632815",
    ),
    "scalarlg": answer(
        "503 Service Unavailable",
        CSeq="9292394834772304023312 OPTIONS",
        Contact="<sip:u@@US@>;expires=9999999999",
        Max_Forwards="",
    ).replace("\n\n", '\nRetry-After: 949302838503028349304023988\nWarning: 1812 switch "Busy"\n\n', 1),
    "quotbal": request(To='"An office <sip:office@example.com>', body=OFFER),
    "ltgtruri": request(uri="<sip:13800138000@@PBX@>", body=OFFER),
    "lwsruri": request(uri="sip:13800138000@@PBX@; lr", body=OFFER),
    "lwsstart": request(uri=" sip:13800138000@@PBX@ ", body=OFFER),
    "trws": request("OPTIONS").replace(" SIP/2.0\n", " SIP/2.0  \n", 1),
    "escruri": request(uri="sip:13800138000@@PBX@?Route=%3Csip:example.com%3E", body=OFFER),
    "baddate": request(body=OFFER, more="Date: Fri, 01 Jan 2010 16:00:00 EST\n"),
    "regbadct": request("REGISTER", "sip:@PBX@", Contact="sip:user@@US@?Route=%3Csip:sip.example.com%3E"),
    "badaspec": request(
        "OPTIONS",
        "sip:13800138000@@PBX@",
        To='"Office, The" < sip:office@example.org >',
        From='"Desk, Front" <sip:desk@example.com>;tag=t@N@',
    ),
    "baddn": request(
        "OPTIONS",
        From="Desk, Front <sip:desk@example.com>;tag=t@N@",
        To="Office, The <sip:office@example.org>",
    ),
    "badvers": request("OPTIONS").replace("SIP/2.0\n", "SIP/7.0\n", 1),
    "mismatch01": request("OPTIONS", CSeq="8 INVITE"),
    "mismatch02": request("NEWMETHOD", CSeq="8 INVITE", body=OFFER),
    "bigcode": answer("4294967301 more than 32 bits"),
}
"""RFC 4475, 3.1.2: wrong in their grammar."""

MEANING = {
    "badbranch": request("OPTIONS", Via="SIP/2.0/UDP @US@;branch=z9hG4bK"),
    "insuf": "INVITE sip:110@@PBX@ SIP/2.0\nCSeq: 7 INVITE\nVia: SIP/2.0/UDP @US@;branch=z9hG4bK-@N@\n"
    "Content-Type: application/sdp\nl: 0\n\n",
    "unkscm": request("OPTIONS", "unheardof:whatever"),
    "novelsc": request("OPTIONS", "soap.beep://192.0.2.103:3002"),
    "unksm2": request(
        "REGISTER",
        "sip:@PBX@",
        To="isbn:2983792873",
        From="<http://www.example.com>;tag=t@N@",
        Contact="<name:caller>",
    ),
    "bext01": request("OPTIONS", more="Require: unheardof, neverheard\nProxy-Require: unheardof\n"),
    "invut": request(body='<audio>\n <pcmu port="443"/>\n</audio>\n', kind="application/unknownformat"),
    "regaut01": request("REGISTER", "sip:@PBX@", more="Authorization: Unheardof data=here\n"),
    "multi01": request(
        body=OFFER,
        more="CSeq: 59 INVITE\nCall-ID: another-@N@\nFrom: <sip:other@@PBX@>;tag=3413\nTo: <sip:110@@PBX@>\n"
        "Max-Forwards: 5\nContact: <sip:other@192.0.2.9>\n",
    ),
    "mcl01": request(
        "OPTIONS", body="Two lengths, and which is meant?\n", kind="text/plain", more="Content-Length: 13\n"
    ),
    "bcast": answer("200 OK", Via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1"),
    "zeromf": request("OPTIONS", Max_Forwards="0"),
    "cparam01": request("REGISTER", "sip:@PBX@", Contact="sip:caller@@US@;unknownparam"),
    "cparam02": request("REGISTER", "sip:@PBX@", Contact="<sip:caller@@US@;unknownparam>"),
    "regescrt": request("REGISTER", "sip:@PBX@", Contact="<sip:caller@@US@?Route=%3Csip:sip.example.com%3E>"),
    "sdp01": request(body=OFFER, more="Accept: text/unheardof\n"),
    "inv2543": "INVITE sip:13800138000@@PBX@ SIP/2.0\nVia: SIP/2.0/UDP @US@\nFrom: <sip:08702120001@@PBX@>\n"
    "To: <sip:13800138000@@PBX@>\nCall-ID: torture-@N@\nCSeq: 1 INVITE\nContent-Type: application/sdp\n\n"
    + OFFER,
}
"""RFC 4475, 3.2 to 3.4: right in their grammar, and wrong in what they mean."""

_ODD = "\u200b\ud83d\ude00=cmd|' /C calc'!A0".encode("utf-16", "surrogatepass").decode("utf-16")

FURTHER = {
    "empty": "",
    "blank": "\n\n\n\n",
    "nul": "\0" * 64,
    "keep-alive": "\n\n",
    "binary": "".join(chr(n) for n in range(256)) * 8,
    "no-end": request(body=OFFER).split("\nCSeq")[0],
    "one-line": "INVITE sip:110@@PBX@ SIP/2.0",
    "long-header": request(more=f"Subject: {'A' * 50000}\n"),
    "long-uri": request(uri=f"sip:{'9' * 30000}@@PBX@"),
    "many-vias": request(
        more="".join(f"Via: SIP/2.0/UDP 10.0.0.{n % 250};branch=z9hG4bK{n}\n" for n in range(600))
    ),
    "many-routes": request(more="".join(f"Route: <sip:10.0.0.{n % 250};lr>\n" for n in range(600))),
    "huge-length": request(length="4294967295", body=OFFER),
    "overflowed-length": request(length="99999999999999999999999999", body=OFFER),
    "percent-s": request(uri="sip:%s%s%s%n%n@@PBX@", From="%s%n%x <sip:%25s%25n@@PBX@>;tag=%n@N@"),
    "emoji": request(From=f'"{_ODD}" <sip:08702120001@@PBX@>;tag=t@N@'),
    "chinese": request(From='"\u5916\u8054\u529e\u516c\u5ba4" <sip:08702120001@@PBX@>;tag=t@N@'),
    "unterminated": request(From='"<sip:08702120001@@PBX@>;tag=t@N@'),
    "brackets": request(uri="sip:[[[[::1]@@PBX@", Contact="<<<<sip:a@b>>>>"),
    "bad-port": request(uri="sip:13800138000@127.0.0.1:99999999"),
    "negative-cseq": request(CSeq="-1 INVITE"),
    "bad-digest": request(
        more='Authorization: Digest username="seat-08702120001", realm="", nonce="", uri="", response=""\n'
    ),
    "digest-of-nothing": request(
        "REGISTER", "sip:@PBX@", more='Authorization: Digest\nAuthorization: ,,,,=,="\n'
    ),
    "sdp-of-nothing": request(body="v\n=\n\n\n\0"),
    "sdp-many-lines": request(body=OFFER + "m=audio 1 RTP/AVP 0\n" * 2000),
    "sdp-numbers": request(
        body=OFFER.replace("49217", "99999999999").replace("RTP/AVP 0 12", "RTP/AVP -1 4294967296")
    ),
    "refer": request("REFER", more="Refer-To: <sip:0012025550123@@PBX@>\n"),
    "replaces": request(more="Replaces: torture-1;to-tag=t;from-tag=t\n", body=OFFER),
    "bye": request("BYE"),
    "cancel": request("CANCEL"),
    "update": request("UPDATE", body=OFFER),
    "publish": request("PUBLISH", more="Event: presence\n"),
    "subscribe": request("SUBSCRIBE", more="Event: reg\nExpires: 3600\n"),
    "notify": request("NOTIFY", more="Event: message-summary\nSubscription-State: active\n"),
    "info": request("INFO", body="Signal=1\nDuration=100\n", kind="application/dtmf-relay"),
}
"""Not the RFC's: what fuzzers send, and requests in the middle of nothing."""

RFC = VALID | BROKEN | MEANING


def wire(message: str, pbx: str, us: str) -> bytes:
    """A message as it goes over the wire, with numbers of its own."""
    for mark, value in (("@PBX@", pbx), ("@US@", us), ("@N@", str(next(_NUMBERS)))):
        message = message.replace(mark, value)
    if "@SIZE@" in message:
        body = message.split("\n\n", 1)[1].replace("\n", "\r\n")
        message = message.replace("@SIZE@", str(len(body)))
    raw = message.replace("\n", "\r\n")
    try:
        return raw.encode("latin-1")
    except UnicodeEncodeError:
        return raw.encode("utf-8", "surrogatepass")


def datagrams(
    pbx: str, us: str, proof: Callable[[str], str] | None = None, to: str = "13800138000"
) -> Iterator[tuple[str, bytes]]:
    """All of them by name, none longer than a datagram may be. With `proof` each request has that header for
    its method, and asks for `to`."""
    for name, message in (RFC | FURTHER).items():
        first, end, rest = message.replace("13800138000", to).partition("\n")
        if proof is not None and "SIP/" in first and not first.startswith("SIP/"):
            rest = f"{proof(first.split()[0])}\n{rest}"
        yield name, wire(first + end + rest, pbx, us)[:65000]
