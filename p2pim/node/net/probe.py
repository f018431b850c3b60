"""Probes: whether a connection can be made to an address; nothing is said on it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from p2pim.node.net.address import Endpoint, parse
from p2pim.node.net.dialer import SocketAddress, connect
from p2pim.node.net.reach import Here, Source, refusal
from p2pim.protocol.callback import CONNECTED, NO_ANSWER, NO_WAY, NOT_TRIED, REFUSED

#: A little more than Linux takes to find out that nobody has an address (ARP: three tries, a second each).
_WITHIN: Final = 3.5
#: Linux's table of who has which address, and the flag of those that are known (proc(5), linux/if_arp.h).
_ARP_TABLE: Final = Path("/proc/net/arp")
_ARP_COMPLETE: Final = 0x2
_NO_WAY: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EPERM, errno.EACCES}


async def probe(endpoint: Endpoint, here: Here, may_dial: Callable[[SocketAddress], bool]) -> int:
    """Try one; an outcome of SPEC section 15. Where the dial policy forbids it, it is not tried."""
    if refusal(endpoint, Source.GOSSIP, here) is not None:
        return NOT_TRIED
    try:
        (await connect(endpoint, _WITHIN, may_dial)).close()
    except TimeoutError:
        return NO_WAY if _is_nobody(endpoint, here) else NO_ANSWER
    except ConnectionRefusedError:
        return REFUSED
    except OSError as error:
        return NO_WAY if error.errno in _NO_WAY else NOT_TRIED
    return CONNECTED


def _is_nobody(endpoint: Endpoint, here: Here, table: Path = _ARP_TABLE) -> bool:
    """Whether all asked in vain who has an IPv4 address on a network of ours; where that cannot be known, not."""
    address = parse(endpoint.host)
    if address is None or address.version != 4 or not here.on_link(address):
        return False
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return False
    return any(row[0] == str(address) and not int(row[2], 16) & _ARP_COMPLETE for row in rows)


async def probe_all(
    endpoints: Sequence[Endpoint], here: Here, may_dial: Callable[[SocketAddress], bool]
) -> list[int]:
    """Try several at the same time; outcomes in their order."""
    return list(await asyncio.gather(*(probe(endpoint, here, may_dial) for endpoint in endpoints)))
