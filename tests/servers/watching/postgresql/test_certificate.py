"""A server's certificate is read as it is shown, expired or not; a server without TLS has none."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from servers.knock import Endpoint
from servers.watching.postgresql.certificate import Certificate, certificate_of


def certificate(directory: Path, until: datetime) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "db1.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "server.pem").write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    return context


@asynccontextmanager
async def server(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """One that answers an SSLRequest."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(8)
            writer.write(answer)
            await writer.drain()
            if context is not None:
                await writer.start_tls(context)
                await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield Endpoint("127.0.0.1", listening.sockets[0].getsockname()[1])


@pytest.mark.parametrize("days", [30, -3])
async def test_until_when_it_is_valid(days: int, tmp_path: Path) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    async with server(b"S", certificate(tmp_path, until)) as endpoint:
        assert await certificate_of(endpoint, timeout=5) == Certificate(until, "CN=db1.example.com")


async def test_a_server_without_tls_has_none() -> None:
    async with server(b"N") as endpoint:
        assert await certificate_of(endpoint, timeout=5) == Certificate(None)
    assert await certificate_of(Endpoint("/var/run/postgresql", 5432), timeout=5) == Certificate(None)


@pytest.mark.parametrize("answer", [b"", b"S"])
async def test_one_that_does_not_answer_as_it_should_is_unknown(answer: bytes) -> None:
    async with server(answer) as endpoint:
        with pytest.raises((OSError, TimeoutError)):
            await certificate_of(endpoint, timeout=1)
