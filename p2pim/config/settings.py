"""The settings of a profile: ``config.toml``, typed and checked."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from p2pim.errors import BadConfig

DEFAULT_PORT = 26747


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user may choose. Every setting has a default; an empty file is a good file."""

    port: int = DEFAULT_PORT
    """First port to listen on (the next free of ten is taken, then any); 0: any."""
    interfaces: tuple[str, ...] = ()
    """Names or addresses to use; none: automatic; "127.0.0.1" or "lo": this machine alone."""
    open_network: bool = True
    """Whether everybody on the LAN who runs p2pim may see us and write to us."""
    visible: Literal["everyone", "team", "nobody"] = "everyone"
    """To whom we announce ourselves; "team": to our teams alone; "nobody": look, but never announce."""
    relay: bool = True
    """Whether to hold sealed messages for colleagues who are away (we cannot read them)."""
    receipts: bool = True
    """Whether to tell others which of their messages were read here."""
    accept_files: Literal["team", "nobody"] = "team"
    """Whose files are fetched without asking, if they are not larger than `accept_max_bytes`."""
    accept_max_bytes: int = 10_000_000
    """The largest file that is fetched without asking."""
    download_folder: str = ""
    """Where received files go; "": the downloads of the user, or `files` in the profile."""
    download_rate: int = 0
    """Bytes a second in which files are fetched; 0: as fast as they come."""
    upload_rate: int = 0
    """Bytes a second in which files are served; 0: as fast as they go."""
    sweep: bool = False
    """Whether to ask every address of a VPN without multicast (254 at most), once a day; it may look like a scan."""
    tailscale: bool = False
    """Whether to ask the machines that `tailscale status` names."""
    api: Literal["unix", "tcp"] = "tcp" if sys.platform == "win32" else "unix"
    """How front ends reach the daemon; "tcp" is loopback with a mutual proof."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    peers: tuple[str, ...] = ()
    """Addresses ("host" or "host:port") of colleagues that no discovery finds."""

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if not (self.port == 0 or 1024 <= self.port <= 65535):
            raise ValueError("port must be 0 (any) or between 1024 and 65535")
        if min(self.accept_max_bytes, self.download_rate, self.upload_rate) < 0:
            raise ValueError("accept_max_bytes, download_rate and upload_rate must not be negative")
        for address in self.peers:
            split_address(address)


def split_address(text: str) -> tuple[str, int]:
    """``host``, ``host:port``, ``[v6]``, ``[v6]:port`` or a bare IPv6 address → host and port."""
    match = re.fullmatch(r"\[([0-9A-Fa-f:.%\w]+)\](?::(\d{1,5}))?|([^\s:/\[\]@]+)(?::(\d{1,5}))?", text)
    if match is None:
        if text.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+(%\w+)?", text):
            return text, DEFAULT_PORT
        raise ValueError(f"{text!r} is no address: write HOST, HOST:PORT or [IPV6]:PORT")
    host = match[1] or match[3]
    port = int(match[2] or match[4] or DEFAULT_PORT)
    if not 1024 <= port <= 65535:
        raise ValueError(f"{text!r}: the port must be between 1024 and 65535")
    return host, port


def load_settings(file: Path) -> Settings:
    """Read the settings; a missing file means the defaults."""
    return settings_from(read_toml(file), file)


def setting(settings: Settings, key: str) -> Any:
    """One setting by name; BadConfig for a name there is not."""
    if key not in Settings.__struct_fields__:
        raise BadConfig(f"Unknown setting {key!r}: known: {', '.join(Settings.__struct_fields__)}.")
    return getattr(settings, key)


def read_toml(file: Path) -> dict[str, Any]:
    """The file's table; a sentence when it cannot be read."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadConfig(f"Cannot read {file} ({(error.strerror or 'unreadable').lower()}).") from error
    except UnicodeDecodeError as error:
        raise BadConfig(f"{file} is not UTF-8 text: save it as UTF-8.") from error
    except RecursionError as error:
        raise BadConfig(f"{file} is not valid TOML: nested too deeply.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{file} is not valid TOML: {error}.") from error


def settings_from(table: dict[str, Any], file: Path) -> Settings:
    """Check a table; ``file`` is for the sentence only."""
    unknown = sorted(set(table) - set(Settings.__struct_fields__))
    if unknown:
        import difflib  # noqa: PLC0415  rarely needed, and always in memory

        near = difflib.get_close_matches(unknown[0], Settings.__struct_fields__, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(Settings.__struct_fields__)}."
        raise BadConfig(f"Unknown setting {unknown[0]!r} in {file}: {hint}")
    for key, value in table.items():
        try:  # one by one, so that the sentence can always name the key
            msgspec.convert({key: value}, Settings)
        except msgspec.ValidationError as error:
            what = re.sub(r" - at `.*`$", "", str(error)).replace("`", "")
            raise BadConfig(f"Setting {key!r} in {file}: {what[:1].lower()}{what[1:]}.") from error
    return msgspec.convert(table, Settings)
