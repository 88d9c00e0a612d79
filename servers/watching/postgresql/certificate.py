"""Until when a server's certificate is valid, as everybody who connects is shown it: no right is needed.

Protocol: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

import asyncio
import ssl
import struct
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from servers.knock import Endpoint

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True, slots=True)
class Certificate:
    """`expires_at` None: the server speaks no TLS. `subject` is as the certificate writes it."""

    expires_at: datetime | None
    subject: str = ""


async def certificate_of(endpoint: Endpoint, *, timeout: float) -> Certificate:
    """Asks for TLS, and leaves once it is agreed on: the server's log has no line of it.

    Raises OSError, TimeoutError or ValueError where that fails.
    """
    if endpoint.host.startswith("/"):
        return Certificate(None)
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
        try:
            writer.write(_SSL_REQUEST)
            if await reader.readexactly(1) != b"S":
                return Certificate(None)
            await writer.start_tls(_any_certificate(), server_hostname=endpoint.host)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the server closed the connection") from None
        finally:
            writer.transport.abort()
    certificate = x509.load_der_x509_certificate(shown)
    return Certificate(certificate.not_valid_after_utc, certificate.subject.rfc4514_string()[:80])


def _any_certificate() -> ssl.SSLContext:
    """One that has expired, or that nobody here trusts, is to be seen as well. Nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
