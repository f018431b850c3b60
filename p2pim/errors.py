"""What can go wrong, in one tree. ``str(error)`` is one sentence a person can act on.

P2pimError
├── ProtocolError
│   ├── LocalProtocolError      we broke a rule of the protocol: a bug here
│   └── RemoteProtocolError     the other side broke one: close the connection
│       ├── DecodeError         bytes that are no valid record, message or identity
│       └── HandshakeError      no detail, by design (an attacker would learn from it)
├── UserError                   a person asked for something that cannot be done
│   ├── UnknownTarget           no such peer, room or message
│   ├── AmbiguousTarget         several peers answer to that name
│   ├── BadInput                too long, malformed, not allowed here
│   ├── Forbidden               a policy forbids it
│   └── NotNow                  right request, wrong moment (disk full, blocked, not running)
│       └── Locked              the identity key waits for its passphrase
├── StoreError                  the profile's database cannot be used
│   ├── StoreFull               no space: nothing was written
│   ├── StoreCorrupt            damaged: nothing was changed
│   └── StoreTooNew             written by a newer version
└── ProfileError                the profile or its settings cannot be used
    ├── AlreadyRunning          another daemon owns this profile
    └── BadConfig               a setting, or the machine's policy, is wrong
"""

from __future__ import annotations


class P2pimError(Exception):
    """Base of every error raised on purpose."""


class ProtocolError(P2pimError):
    """A rule of the protocol was broken."""


class LocalProtocolError(ProtocolError):
    """We broke a rule of the protocol: a bug in this program."""


class RemoteProtocolError(ProtocolError):
    """The other side broke a rule of the protocol."""


class DecodeError(RemoteProtocolError):
    """Bytes that are no valid record, message or identity."""


class HandshakeError(RemoteProtocolError):
    """The handshake failed. Carries no detail on purpose."""


class UserError(P2pimError):
    """A person asked for something that cannot be done."""


class UnknownTarget(UserError):
    """No such peer, room or message."""


class AmbiguousTarget(UserError):
    """Several peers answer to that name."""


class BadInput(UserError):
    """Too long, malformed or not allowed here."""


class Forbidden(UserError):
    """A policy of this machine or of a team forbids it; the sentence says which."""


class NotNow(UserError):
    """A right request at the wrong moment."""


class Locked(NotNow):
    """The identity key waits for its passphrase."""


class StoreError(P2pimError):
    """The profile's database cannot be used."""


class StoreFull(StoreError):
    """No space left: nothing was written."""


class StoreCorrupt(StoreError):
    """The database is damaged: nothing was changed."""


class StoreTooNew(StoreError):
    """The database was written by a newer version."""


class ProfileError(P2pimError):
    """The profile or its settings cannot be used."""


class AlreadyRunning(ProfileError):
    """Another daemon owns this profile."""


class BadConfig(ProfileError):
    """A setting is missing, unknown or of the wrong type; or the machine's policy is, or cannot be trusted."""
