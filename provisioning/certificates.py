"""How long certificates are good for: that of a file, and that of a switch's AMI (证书有效期).

Python reads no certificate file by itself; a handshake in memory, with the file on both ends, tells its days.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from provisioning.flows.errors import FlowError

EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED."""


class CertificateExpired(FlowError):
    """The certificate is not good any more."""


def good_until(certificate: Path, key: Path) -> datetime:
    """The last moment of a certificate we show to others.

    CertificateExpired when that is over; FlowError when the files cannot be read or do not belong together.
    """
    try:
        shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        shown.load_cert_chain(certificate, key)
        believing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        believing.check_hostname = False
        believing.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        believing.load_verify_locations(certificate)
        return _last_moment(_handshake(shown, believing))
    except ssl.SSLCertVerificationError as fault:
        if fault.verify_code == EXPIRED:
            raise CertificateExpired(f"{certificate}: the certificate has expired") from None
        raise FlowError(f"{certificate}: not a good certificate: {fault.verify_message}") from None
    except ssl.SSLError as fault:
        raise FlowError(f"{certificate} and {key}: no certificate with its key: {fault.reason}") from None
    except OSError as fault:
        raise FlowError(f"{certificate} or {key}: cannot be read: {fault.strerror}") from None


def _handshake(shown: ssl.SSLContext, believing: ssl.SSLContext) -> ssl.SSLObject:
    """Both ends of a TLS connection in memory, until the client has seen the certificate."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = shown.wrap_bio(to_server, to_client, server_side=True)
    client = believing.wrap_bio(to_client, to_server)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client


def _last_moment(client: ssl.SSLObject) -> datetime:
    told = client.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)
