"""A loopback interface of one's own, so that daemons under test meet nobody else on this machine."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NEWNET = 0x40000000
_SET_FLAGS, _UP = 0x8914, 0x1


@contextmanager
def own_loopback() -> Iterator[None]:
    """Inside, this thread and what it starts live in a network of nothing but ``lo``.

    Without root on Linux nothing changes: the tests inside then share the machine's own loopback interface.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "cannot leave the network")
        try:
            with socket.socket() as sock:
                fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sh", b"lo", _UP))
            yield
        finally:
            if libc.setns(home, _NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "cannot go back into the network")
    finally:
        os.close(home)
