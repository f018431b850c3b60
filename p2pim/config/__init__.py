"""Where a profile lives and how it is set.

``Paths`` is light, for the command line starts many times a day. ``Settings`` and ``load_settings``
bring the TOML reader and msgspec with them and are therefore imported on first use. ``policy`` and ``machine`` are
what an administrator decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from p2pim.config.paths import Paths

if TYPE_CHECKING:
    from p2pim.config.settings import Settings, load_settings

__all__ = ["Paths", "Settings", "load_settings"]


def __getattr__(name: str) -> Any:
    if name in ("Settings", "load_settings"):
        from p2pim.config import settings  # noqa: PLC0415 (the point of this function)

        return getattr(settings, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
