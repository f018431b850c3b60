"""JSON-RPC 2.0, one object per line: what both ends of the local API agree on.

Only the standard library is used here, and ``json`` on first use: command line clients start often.
"""

from __future__ import annotations

from typing import Any

from p2pim import errors

API_VERSION = 1
LONGEST_LINE = 1 << 20

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603


class NotRunning(errors.NotNow):
    """No daemon answers for this profile."""


class WrongVersion(errors.NotNow):
    """The daemon speaks another version of the local API."""


class DaemonFault(errors.P2pimError):
    """The daemon failed unexpectedly."""


# Numbers are for ever: third parties match on them.
CODES: dict[int, type[errors.P2pimError]] = {
    1001: errors.UnknownTarget,
    1002: errors.AmbiguousTarget,
    1003: errors.BadInput,
    1004: errors.NotNow,
    1005: errors.StoreFull,
    1006: errors.StoreCorrupt,
    1007: errors.StoreTooNew,
    1008: errors.BadConfig,
    1009: WrongVersion,
    1010: errors.Locked,
    1011: errors.Forbidden,
    INVALID_PARAMS: errors.BadInput,
}


def code_of(error: errors.P2pimError) -> int:
    """The number of an error, that of its nearest ancestor with one, or "internal"."""
    numbers = {kind: code for code, kind in CODES.items() if code > 0}
    for kind in type(error).__mro__:
        if kind in numbers:
            return numbers[kind]
    return INTERNAL_ERROR


def error_from(code: int, sentence: str) -> errors.P2pimError:
    """The error a daemon told of, as the class it had there."""
    return CODES.get(code, DaemonFault)(sentence)


def request_line(number: int, method: str, params: dict[str, Any]) -> bytes:
    """One request."""
    import json  # noqa: PLC0415

    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    try:
        line = json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # a shell passed on bytes that are no text
        raise errors.BadInput(
            "That is not valid UTF-8 text: check the encoding of what you typed."
        ) from error
    if len(line) >= LONGEST_LINE:
        raise errors.BadInput(
            f"That is too long ({len(line)} bytes): at most {LONGEST_LINE} bytes a request."
        )
    return line + b"\n"


def parse_line(line: bytes) -> dict[str, Any]:
    """One reply or event from a daemon."""
    import json  # noqa: PLC0415

    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DaemonFault("The daemon sent a line that is no JSON: restart it with `p2pim stop`.") from error
    if not isinstance(message, dict):
        raise DaemonFault("The daemon sent a line that is no JSON object: restart it with `p2pim stop`.")
    return message


def reply_of(message: dict[str, Any]) -> Any:
    """The result in a reply, or its error raised."""
    error = message.get("error")
    if error is None:
        return message.get("result")
    raise error_from(error.get("code", INTERNAL_ERROR), str(error.get("message", "No reason given.")))
