"""What is known of a method of the local API."""

from __future__ import annotations

from typing import NamedTuple


class Method(NamedTuple):
    """One method of the API. While a ``slow`` one is under way, others are answered, though on other connections."""

    params: type
    result: object
    writes: bool
    doc: str
    slow: bool = False
