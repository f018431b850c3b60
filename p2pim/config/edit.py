"""Change one setting in ``config.toml`` and keep the rest, comments too, as the user wrote it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import tomlkit

from p2pim.config.policy import NO_RULES, Policy
from p2pim.config.settings import Settings, read_toml, setting, settings_from
from p2pim.errors import Forbidden, ProfileError

_WORDS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def set_value(file: Path, key: str, text: str, policy: Policy = NO_RULES) -> Any:
    """Set one key from what a person typed; the new value. Nothing is written unless all is valid and allowed."""
    value = parse_value(key, text)
    if isinstance(value, bool) and policy.switch(key, value) != value:
        raise Forbidden(policy.refuse(key))
    table = {**read_toml(file), key: value}
    settings_from(table, file)
    document = tomlkit.parse(file.read_bytes()) if file.exists() else tomlkit.document()
    document[key] = value
    _replace(file, tomlkit.dumps(document))
    return value


def unset_value(file: Path, key: str) -> None:
    """Go back to the default of one key."""
    parse_value(key, "")
    if key in read_toml(file):
        document = tomlkit.parse(file.read_bytes())
        del document[key]
        _replace(file, tomlkit.dumps(document))


def parse_value(key: str, text: str) -> Any:
    """What a person typed, as the type the key wants; what does not fit is left for the check."""
    default = setting(Settings(), key)
    if isinstance(default, bool):
        return _WORDS.get(text.strip().lower(), text)
    if isinstance(default, int):
        return int(text) if text.strip().isdecimal() else text
    if isinstance(default, tuple):
        return [part for part in (part.strip() for part in text.split(",")) if part]
    return text


def _replace(file: Path, text: str) -> None:
    """Write beside and rename: a crash leaves the old file or the new one, never half."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".config-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ProfileError(f"Cannot write {file} ({(error.strerror or 'failed').lower()}).") from error
