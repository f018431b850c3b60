"""One line from a client → a checked request; anything else → a sentence. Hostile lines never raise more."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from p2pim.api.jsonrpc import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR
from p2pim.api.schema import METHODS

Number = int | str | None


class BadRequest(Exception):
    """A line that is no request; carries what to answer."""

    def __init__(self, number: Number, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number, self.code, self.sentence = number, code, sentence


class Request(msgspec.Struct, frozen=True):
    """What a client asks. Without an id it wants no answer."""

    method: str
    params: dict[str, Any]
    id: Number
    answered: bool

    @property
    def writes(self) -> bool:
        """Whether it may change the store."""
        return METHODS[self.method].writes

    @property
    def slow(self) -> bool:
        """Whether it takes so long that nobody else may have to wait for it."""
        return METHODS[self.method].slow


class _Line(msgspec.Struct):
    jsonrpc: str
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET


_line_decoder = msgspec.json.Decoder(_Line)
_params_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(method.params) for name, method in METHODS.items()
}
_known_params = {name: frozenset(method.params.__annotations__) for name, method in METHODS.items()}
_any_decoder = msgspec.json.Decoder(dict[str, Any])


def parse_request(line: bytes) -> Request:
    """Check a line against the schema.

    Raises:
        BadRequest: it is no request, or not one we know.
    """
    try:
        raw = _line_decoder.decode(line)
    except msgspec.ValidationError as error:
        raise BadRequest(None, INVALID_REQUEST, f"No JSON-RPC request: {_plain(error)}") from None
    except (msgspec.DecodeError, RecursionError):
        raise BadRequest(None, PARSE_ERROR, "No JSON: send one object per line.") from None
    number = None if isinstance(raw.id, msgspec.UnsetType) else raw.id
    if raw.jsonrpc != "2.0":
        raise BadRequest(number, INVALID_REQUEST, 'No JSON-RPC request: "jsonrpc" must be "2.0".')
    if raw.method not in METHODS:
        raise BadRequest(number, METHOD_NOT_FOUND, f"No such method; known: {', '.join(METHODS)}.")
    return Request(raw.method, _params(raw, number), number, raw.id is not msgspec.UNSET)


def _params(raw: _Line, number: Number) -> dict[str, Any]:
    try:
        params: dict[str, Any] = _params_decoders[raw.method].decode(raw.params)
        # What the schema does not name it does not read; a misspelt key must not pass as "not given".
        unknown = sorted(_any_decoder.decode(raw.params).keys() - _known_params[raw.method])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(number, INVALID_PARAMS, f"{raw.method}: {_plain(error)}") from None
    if unknown:
        known = ", ".join(sorted(_known_params[raw.method])) or "none"
        raise BadRequest(number, INVALID_PARAMS, f"{raw.method}: unknown parameter; known: {known}.")
    return params


def _plain(error: Exception) -> str:
    text = str(error) if isinstance(error, msgspec.ValidationError) else "malformed"
    return re.sub(r" - at `\$\.?(.*)`$", r" (\1)", text).replace("`", "") + "."
