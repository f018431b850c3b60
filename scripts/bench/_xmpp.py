"""A minimal XMPP client: STARTTLS, SASL PLAIN, texts that ask for a receipt (XEP-0184), and receipts.

As little as can be, so that what is measured is the server: expat's callbacks, no trees.
Run as a program it is the other person, who answers each text with a receipt.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from _contest import close_stream
from _tls import trusting

DOMAIN = "localhost"
PASSWORD = "bench"
_RECEIPTS = "urn:xmpp:receipts"


class XmppClient:
    """One logged-in person. `on_request(sender, id)` and `on_receipt(id)` are told what arrives."""

    def __init__(
        self,
        user: str,
        on_request: Callable[[str, str], None] = lambda sender, identifier: None,
        on_receipt: Callable[[str], None] = lambda identifier: None,
    ) -> None:
        self._user = user
        self._on_request = on_request
        self._on_receipt = on_receipt
        self._ended: set[str] = set()
        self._message: dict[str, str] = {}

    async def open(self, port: int, certificate: Path) -> None:
        """Connect, encrypt, log in, and be there."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._open_stream()
        await self._until("stream:features")
        self._write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await self._until("proceed")
        await self._writer.start_tls(trusting(certificate), server_hostname=DOMAIN)
        self._open_stream()
        await self._until("stream:features")
        secret = base64.b64encode(f"\0{self._user}\0{PASSWORD}".encode()).decode()
        self._write(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
        await self._until("success")
        self._open_stream()
        await self._until("stream:features")
        self._write("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        await self._until("iq")
        self._write("<presence/>")
        await self._until("presence")  # the server's echo of it: texts to this person now arrive here
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Leave politely."""
        self._listening.cancel()
        self._write("</stream:stream>")
        await close_stream(self._writer)

    async def text(self, to: str, identifier: str, text: str) -> None:
        """Send a text and ask for a receipt."""
        self._write(
            f"<message to={quoteattr(to)} type='chat' id={quoteattr(identifier)}>"
            f"<body>{escape(text)}</body><request xmlns='{_RECEIPTS}'/></message>"
        )
        await self._writer.drain()

    def receipt(self, to: str, identifier: str) -> None:
        """Confirm a text."""
        self._write(
            f"<message to={quoteattr(to)} type='chat' id={quoteattr('r' + identifier)}>"
            f"<received xmlns='{_RECEIPTS}' id={quoteattr(identifier)}/></message>"
        )

    async def finished(self) -> None:
        """Return when the server has closed the stream."""
        await self._listening

    def _write(self, xml: str) -> None:
        self._writer.write(xml.encode())

    def _open_stream(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._ended.add
        self._write(
            f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "message":
            self._message = attributes
        elif name == "request":
            self._on_request(self._message["from"], self._message["id"])
        elif name == "received":
            self._on_receipt(attributes["id"])

    async def _until(self, element: str) -> None:
        self._ended.clear()
        while element not in self._ended:
            data = await self._reader.read(65536)
            if not data:
                raise ConnectionError(f"the XMPP server closed the connection before <{element}>")
            self._parser.Parse(data)

    async def _listen(self) -> None:
        while data := await self._reader.read(65536):
            self._parser.Parse(data)


async def _answer(user: str, port: str, certificate: str) -> None:
    def confirm(sender: str, identifier: str) -> None:
        client.receipt(sender, identifier)

    client = XmppClient(user, on_request=confirm)
    await client.open(int(port), Path(certificate))
    print("ready", flush=True)
    await client.finished()


if __name__ == "__main__":
    asyncio.run(_answer(*sys.argv[1:]))
