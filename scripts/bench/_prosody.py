"""What a team would run instead: prosody with its archive (MAM) on, over TLS, both people on one machine.

The server runs by hand from a private folder, on a loopback port, and goes with the bench. Its usual storage writes
every text to the archives of both people but does not wait for the disk, as p2pim does; its storage in SQLite does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import _common
import _xmpp
from _contest import TEXT, Contestant, end
from _tls import make_certificate

_USERS = ("alice", "bob")
_START_TRIES = 100


class Prosody(Contestant):
    """Alice in this process, Bob in another, prosody in a third."""

    name = "prosody, TLS, MAM, not fsynced"
    archive = "internal"

    @staticmethod
    def missing() -> str | None:
        """Why it cannot be compared here, or None."""
        return (
            None if shutil.which("prosody") else "prosody is not installed (the Debian package has its name)"
        )

    async def open(self) -> None:
        """Start the server and both people."""
        self._folder = Path(tempfile.mkdtemp(prefix="p2-prosody-"))
        self.cleanup.callback(shutil.rmtree, self._folder)
        certificate, port = self._configure()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        argv = ["prosody", "-F", "--config", str(self._folder / "prosody.cfg.lua")]
        quiet = asyncio.subprocess.DEVNULL
        server = await asyncio.create_subprocess_exec(*argv, env=environment, stdout=quiet, stderr=quiet)
        self.cleanup.push_async_callback(end, server)
        await self._until_it_listens(server, port)
        argv = [sys.executable, _xmpp.__file__, "bob", str(port), str(certificate)]
        bob = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        self.cleanup.push_async_callback(end, bob)
        assert bob.stdout is not None
        if await bob.stdout.readline() != b"ready\n":
            raise ConnectionError("bob could not log in")
        self._alice = _xmpp.XmppClient("alice", on_receipt=lambda identifier: self.answered(int(identifier)))
        await self._alice.open(port, certificate)
        self.cleanup.push_async_callback(self._alice.close)

    async def send(self, number: int) -> None:
        """One text that asks for a receipt."""
        await self._alice.text(f"bob@{_xmpp.DOMAIN}", str(number), TEXT)

    async def _until_it_listens(self, server: asyncio.subprocess.Process, port: int) -> None:
        for _ in range(_START_TRIES):
            if server.returncode is not None:
                raise ConnectionError(f"prosody ended: {self._log()}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
        raise ConnectionError(f"prosody does not listen: {self._log()}")

    def _log(self) -> str:
        path = self._folder / "prosody.log"
        return path.read_text(encoding="utf-8", errors="replace")[-2000:] if path.exists() else "no log"

    def _configure(self) -> tuple[Path, int]:
        certificate, key = make_certificate(self._folder, _xmpp.DOMAIN)
        accounts = self._folder / "data" / _xmpp.DOMAIN / "accounts"
        accounts.mkdir(parents=True)
        for user in _USERS:
            account = f'return {{ ["password"] = "{_xmpp.PASSWORD}" }};\n'
            (accounts / f"{user}.dat").write_text(account, encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        config = f"""
            run_as_root = true
            pidfile = "{self._folder}/prosody.pid"
            data_path = "{self._folder}/data"
            certificates = "{self._folder}"
            log = {{ warn = "{self._folder}/prosody.log" }}
            interfaces = {{ "127.0.0.1" }}
            c2s_ports = {{ {port} }}
            modules_enabled = {{ "roster", "saslauth", "tls", "disco", "mam" }}
            modules_disabled = {{ "s2s", "offline" }}
            network_settings = {{ tcp_nodelay = true }}
            authentication = "internal_plain"
            c2s_require_encryption = true
            default_storage = "internal"
            storage = {{ archive = "{self.archive}" }}
            sql = {{ driver = "SQLite3", database = "archive.sqlite" }}
            storage_archive_item_limit = 10000000
            default_archive_policy = true
            archive_expires_after = "never"
            ssl = {{ certificate = "{certificate}", key = "{key}" }}
            VirtualHost "{_xmpp.DOMAIN}"
        """
        (self._folder / "prosody.cfg.lua").write_text(config, encoding="utf-8")
        return certificate, port


class DurableProsody(Prosody):
    """The same with the archive in SQLite, which waits for the disk at every text, as p2pim does."""

    name = "prosody, TLS, MAM in SQLite, durable"
    archive = "sql"

    @staticmethod
    def missing() -> str | None:
        """Why it cannot be compared here, or None."""
        driver = _common.debian_version("lua-dbi-sqlite3")
        return Prosody.missing() or (None if driver else "lua-dbi-sqlite3 is not installed")
