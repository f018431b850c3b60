"""The least an encrypted messenger costs in this language: an asyncio TLS echo, nothing signed or stored."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import sys
import tempfile
from pathlib import Path

from _contest import TEXT, Contestant, close_stream, end
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for one bench: (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file


def trusting(certificate: Path) -> ssl.SSLContext:
    """Make a client's context that trusts exactly this certificate."""
    return ssl.create_default_context(cafile=str(certificate))


class TlsEcho(Contestant):
    """A second process echoes lines over TLS."""

    name = "asyncio TLS echo, not stored"

    async def open(self) -> None:
        """Start the other process and connect to it."""
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = make_certificate(Path(folder), "localhost")
            argv = [sys.executable, __file__, str(certificate), str(key)]
            server = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
            self.cleanup.push_async_callback(end, server)
            assert server.stdout is not None
            port = int(await server.stdout.readline())
            context = trusting(certificate)
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        self.cleanup.push_async_callback(close_stream, self._writer)
        listening = asyncio.create_task(self._listen())
        self.cleanup.callback(listening.cancel)

    async def send(self, number: int) -> None:
        """One line: number and text."""
        self._writer.write(f"{number} {TEXT}\n".encode())
        await self._writer.drain()

    async def _listen(self) -> None:
        while line := await self._reader.readline():
            self.answered(int(line.split(b" ", 1)[0]))


async def _serve(certificate: str, key: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
