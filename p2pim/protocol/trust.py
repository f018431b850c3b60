"""How far an identity is known here (SPEC section 10). It rises by the user's act, never by itself."""

from __future__ import annotations

from enum import IntEnum


class Trust(IntEnum):
    """Shown beside every name; the numbers are the store's. ``TEAM`` is given by a roster, never by a user."""

    NEW = 0
    ACCEPTED = 1
    TEAM = 2
    VERIFIED = 3


class Request(IntEnum):
    """State of a stranger's message request; the numbers are the store's."""

    NONE = 0
    PENDING = 1
    DECLINED = 2


def accepted(current: Trust) -> Trust:
    """Trust after the user wrote to them, answered or accepted: never lower than before."""
    return max(current, Trust.ACCEPTED)


def compared(current: Trust, equal: bool) -> Trust:
    """Trust after the user compared safety numbers, or took that back."""
    if equal:
        return Trust.VERIFIED
    return Trust.ACCEPTED if current is Trust.VERIFIED else current


def shown_name(petname: str, certified: str, nickname: str, short: str) -> str:
    """The name to show: my own for them, the team's, or theirs with its short id beside it."""
    if petname or certified:
        return petname or certified
    return f"{nickname} ({short})" if nickname else short
