"""Finding peers by mDNS: the only importer of `zeroconf`. It gives hints to the address book, no more.

Every choice here was measured. Browse first, then register: the other side's answer is never missed.
Questions are QM: unicast answers to QU are dropped by common firewalls. `cooperating_responders` skips 1.1
s of probing, and is safe as instance and `server=` are both made of the random label. An explicit address
list: with more than 20 interfaces "all" is silently deaf. A removal is ignored: a goodbye can be forged,
and only a Link tells who is there.

Start and network change are the same path: a fresh zeroconf instance with a fresh label. The label must
change then anyhow, and an instance that lives on is deaf on an interface that was re-created with its old
address. Any error makes discovery degraded, never the node: known and typed addresses still work.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zeroconf import BadTypeInNameException, DNSQuestionType, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from p2pim.node.net.discovery.interfaces import Interface
from p2pim.node.net.limits import TokenBucket
from p2pim.protocol.network import Network as NetworkSecret
from p2pim.protocol.network import matching, slots

SERVICE = "_p2pim._tcp.local."
VERSION = b"1"
BROWSE_AGAIN = 300.0
CLOSE_WITHIN = 1.0
HOSTS_PER_SIGHTING = 8
SIGHTING_RATE, SIGHTING_BURST = 100.0, 512.0  # 200 colleagues may start at once; a flood may not cost a CPU
QUERIES_AT_ONCE = 8
QUERY_MS = 3000
_NAME = re.compile(rf"([0-9a-f]{{16}})\.{re.escape(SERVICE)}", re.IGNORECASE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An advert of an instance that serves one of our networks."""

    label: str
    network: NetworkSecret
    hosts: tuple[str, ...]
    port: int


def encode_slots(raw: bytes) -> bytes:
    """Return the value of `t` in the TXT record."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def decode_slots(text: bytes | None) -> bytes | None:
    """Return the slots of a TXT record, or None if they are malformed."""
    if text is None or len(text) != 86:
        return None
    try:
        return base64.b64decode(text + b"==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def read_advert(
    name: str, info: AsyncServiceInfo, own_label: str, networks: Sequence[NetworkSecret]
) -> Sighting | None:
    """Return what an advert means to us; None: our own, malformed, or of networks we do not serve."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    label = match[1].lower()
    # A target other than the instance's own host name would lend the addresses of somebody else.
    if label == own_label or (info.server or "").lower() != f"{label}.local." or not info.port:
        return None
    properties = info.properties
    raw = decode_slots(properties.get(b"t"))
    if raw is None or VERSION not in (properties.get(b"v") or b"").split(b","):
        return None
    network = matching(networks, label, raw)
    if network is None:
        return None
    return Sighting(label, network, tuple(info.parsed_scoped_addresses()[:HOSTS_PER_SIGHTING]), info.port)


@dataclass(slots=True)
class _Running:
    """One zeroconf instance, from one network change to the next."""

    zeroconf: AsyncZeroconf
    label: str
    browser: AsyncServiceBrowser | None = None
    queries: set[asyncio.Task[None]] = field(default_factory=set)


class Mdns:
    """Advertises this node (unless told not to) and reports sightings, in the running event loop."""

    def __init__(
        self,
        *,
        networks: Callable[[], Sequence[NetworkSecret]],
        random: Callable[[int], bytes],
        now: Callable[[], float],
        advertise: bool,
        on_sighting: Callable[[Sighting], None],
        advertised: Callable[[], Sequence[NetworkSecret]] | None = None,
        browse_again: float = BROWSE_AGAIN,
    ) -> None:
        self._networks, self._random, self._now = networks, random, now
        self._advertised = advertised or networks
        self.advertise, self._on_sighting = advertise, on_sighting
        self._browse_again = browse_again
        self._bucket = TokenBucket(SIGHTING_RATE, SIGHTING_BURST, now())
        self._running: _Running | None = None
        self._next_browser = float("inf")
        self._tasks: set[asyncio.Task[Any]] = set()
        self.label = ""
        self.trouble: str | None = "not started"

    def restart(self, interfaces: Sequence[Interface], port: int) -> None:
        """Start, or start afresh on other interfaces, with a new label. Never fails: see `trouble`."""
        self._retire()
        self.label = self._random(8).hex()
        self._next_browser = float("inf")
        if not interfaces:
            self.trouble = "no usable interface that carries multicast"
            return
        try:
            self._run(interfaces, port)
        except Exception as error:  # whatever zeroconf or the kernel says
            self._fail(error)

    def tick(self, now: float, *, alone: bool) -> None:
        """While nobody was found, ask again now and then: zeroconf stops asking 14 s after its start."""
        if now < self._next_browser:
            return
        self._schedule_browser(now)
        if alone and self._running is not None:
            try:
                self._browse(self._running)
            except Exception as error:
                self._fail(error)

    async def close(self) -> None:
        """Say goodbye and close, within a bounded time."""
        self._retire()
        self.trouble = "closed"
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=CLOSE_WITHIN)
            for task in pending:
                task.cancel()

    def _run(self, interfaces: Sequence[Interface], port: int) -> None:
        # zeroconf takes the address of an IPv4 interface and the index of an IPv6 one.
        chosen = list(
            dict.fromkeys(i.index if i.address.version == 6 else str(i.address) for i in interfaces)
        )
        running = _Running(AsyncZeroconf(interfaces=chosen), self.label)
        self._running = running
        self._browse(running)
        self._schedule_browser(self._now())
        networks = self._advertised()
        if self.advertise and networks:
            self._spawn(self._register(running, self._advert(running.label, interfaces, port, networks)))
        self.trouble = None

    def _advert(
        self, label: str, interfaces: Sequence[Interface], port: int, networks: Sequence[NetworkSecret]
    ) -> AsyncServiceInfo:
        return AsyncServiceInfo(
            SERVICE,
            f"{label}.{SERVICE}",
            port=port,
            properties={b"v": VERSION, b"t": encode_slots(slots(networks, label, self._random))},
            server=f"{label}.local.",
            parsed_addresses=[str(interface.address) for interface in interfaces],
        )

    async def _register(self, running: _Running, info: AsyncServiceInfo) -> None:
        try:
            sent: Awaitable[Any] = await running.zeroconf.async_register_service(
                info, cooperating_responders=True
            )
            await sent
        except Exception:
            if running is self._running:  # else it was cut short by the next one, and says nothing about that
                raise

    def _browse(self, running: _Running) -> None:
        if running.browser is not None:
            self._spawn(running.browser.async_cancel())

        def changed(
            zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
        ) -> None:
            if state_change is not ServiceStateChange.Removed:
                self._heard(running, name)

        running.browser = AsyncServiceBrowser(
            running.zeroconf.zeroconf, SERVICE, handlers=[changed], question_type=DNSQuestionType.QM
        )

    def _heard(self, running: _Running, name: str) -> None:
        if running is not self._running or not _NAME.fullmatch(name) or not self._bucket.take(self._now()):
            return
        try:
            info = AsyncServiceInfo(SERVICE, name)
        except BadTypeInNameException:
            return
        if info.load_from_cache(running.zeroconf.zeroconf):
            self._report(running, name, info)
        elif len(running.queries) < QUERIES_AT_ONCE:
            # Rare: the answer came without SRV, TXT or address. When they come unasked, this is called again.
            running.queries.add(self._spawn(self._query(running, name, info), running.queries.discard))

    async def _query(self, running: _Running, name: str, info: AsyncServiceInfo) -> None:
        if await info.async_request(running.zeroconf.zeroconf, QUERY_MS, question_type=DNSQuestionType.QM):
            self._report(running, name, info)

    def _report(self, running: _Running, name: str, info: AsyncServiceInfo) -> None:
        if running is self._running:
            sighting = read_advert(name, info, running.label, self._networks())
            if sighting is not None:
                self._on_sighting(sighting)

    def _schedule_browser(self, now: float) -> None:
        self._next_browser = now + self._browse_again * (0.8 + 0.4 * self._random(1)[0] / 255)

    def _retire(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            for query in running.queries:
                query.cancel()
            self._spawn(_close(running))

    def _spawn(
        self, work: Awaitable[None], *when_done: Callable[[asyncio.Task[None]], object]
    ) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)
        for done in (self._ended, *when_done):
            task.add_done_callback(done)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and self._running is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        _log.warning("mDNS does not work: %s", self.trouble)


async def _close(running: _Running) -> None:
    if running.browser is not None:
        await running.browser.async_cancel()
    with contextlib.suppress(Exception):
        await running.zeroconf.async_close()
