"""Write the test vectors of SPEC.md: `python scripts/vectors.py [--check]`; with --check only compare.

All keys are fixed, so every run gives the same bytes. Byte strings are hexadecimal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "vectors"
sys.path.insert(0, str(ROOT))

from _vectors_authority import authority  # noqa: E402
from _vectors_boxes import boxes  # noqa: E402
from _vectors_control import control  # noqa: E402
from _vectors_files import file_vectors  # noqa: E402
from _vectors_kinds import contents, folds  # noqa: E402
from _vectors_records import record_vectors  # noqa: E402
from _vectors_routes import routes  # noqa: E402
from _vectors_sync import messages, reconcile  # noqa: E402
from _vectors_teams import invites  # noqa: E402

from p2pim.protocol import bech32, records  # noqa: E402
from p2pim.protocol.frames import frame  # noqa: E402
from p2pim.protocol.handshake import PROLOGUE, PROTOCOL_NAME, Handshake, Session, StaticKey  # noqa: E402
from p2pim.protocol.identity import (  # noqa: E402
    Identity,
    digest,
    encode_peer_id,
    safety_number,
    short_id,
)
from p2pim.protocol.network import (  # noqa: E402
    Network,
    make_preamble,
    match_preamble,
    slots,
)

P = 2**255 - 19
EIGHTH = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
SEEDS = {
    "alice": b"\x0a" * 32,
    "bob": b"\x0b" * 32,
    "rfc 8032": bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
}
SECRETS = {"open": hashlib.sha256(b"p2pim/1 open").digest(), "team": b"\x7e" * 32}
REKEYS_AT = 65_536


def fixed(name: str) -> Callable[[int], bytes]:
    """Bytes that look random and never change."""
    calls = iter(range(10**9))
    return lambda size: hashlib.shake_256(f"{name} {next(calls)}".encode()).digest(size)


def key(name: str) -> bytes:
    """Return a private key for this name."""
    return hashlib.sha256(name.encode()).digest()


def keys() -> dict[str, Any]:
    """Identities, their text, what they sign, and what is no identity."""
    identities = {name: Identity(seed) for name, seed in SEEDS.items()}
    alice, bob = identities["alice"], identities["bob"]
    text = encode_peer_id(alice.peer_id)
    small = [0, 1, EIGHTH, P - EIGHTH, P - 1, P, P + 1]
    return {
        "identities": [
            {
                "seed": SEEDS[name].hex(),
                "peer_id": identity.peer_id.hex(),
                "text": encode_peer_id(identity.peer_id),
                "short_id": short_id(identity.peer_id),
            }
            for name, identity in identities.items()
        ],
        "digests": [
            {"context": context, "data": data.hex(), "digest": digest(context, data).hex()}
            for context, data in (("lobby", b""), ("dm", bytes(64)))
        ],
        "signatures": [
            {
                "seed": SEEDS["alice"].hex(),
                "context": context,
                "data": data.hex(),
                "signature": alice.sign(context, data).hex(),
            }
            for context, data in (("static", bytes(32)), ("message", b"some header"), ("message", b""))
        ],
        "safety_numbers": [
            {
                "peer_ids": [alice.peer_id.hex(), bob.peer_id.hex()],
                "digits": safety_number(alice.peer_id, bob.peer_id),
            }
        ],
        "refused_peer_ids": [
            (y | sign << 255).to_bytes(32, "little").hex()
            for y in [*small, P + 5, 2**255 - 1]
            for sign in (0, 1)
        ],
        "refused_texts": [
            text[:-1],
            text[:-1] + ("q" if text[-1] != "q" else "p"),
            text[:10].upper() + text[10:],
            text.replace("1", "b", 1),
            bech32.encode("p2pin", alice.peer_id),
            bech32.encode("p2pim", alice.peer_id[:31]),
            bech32.encode("p2pim", bytes(32)),
        ],
    }


def preamble() -> dict[str, Any]:
    """Keys of networks, and what is made with them before any Noise."""
    networks = {name: Network(name, secret) for name, secret in SECRETS.items()}
    made = []
    for name, flags in (("open", 0), ("team", 0), ("open", 1), ("open", 2), ("open", 0x80)):
        raw = make_preamble(networks[name], bytes(range(16)), flags)
        accepted = match_preamble(raw, list(networks.values())) is not None
        made.append(
            {
                "network": name,
                "nonce": bytes(range(16)).hex(),
                "flags": flags,
                "preamble": raw.hex(),
                "accepted": accepted,
            }
        )
    label = "0123456789abcdef"
    advertised = slots(list(networks.values()), label, fixed("slots"))
    return {
        "networks": [
            {
                "name": name,
                "secret": SECRETS[name].hex(),
                "psk": network.psk.hex(),
                "dial": network.dial.hex(),
                "mdns": network.mdns.hex(),
            }
            for name, network in networks.items()
        ],
        "preambles": made,
        "slots": [
            {"network": name, "label": label, "slot": network.slot(label).hex()}
            for name, network in networks.items()
        ],
        "advertisement": {
            "label": label,
            "networks": list(networks),
            "slots": advertised.hex(),
            "txt": {"v": "1", "t": base64.urlsafe_b64encode(advertised).rstrip(b"=").decode()},
        },
    }


def make_side(
    name: str, *, initiator: bool, network: Network, opening: bytes
) -> tuple[Handshake, dict[str, str]]:
    """One side of a handshake, and all that it was made of."""
    identity = Identity(SEEDS[name])
    static, ephemeral, boot_id = key(f"{name} static"), key(f"{name} ephemeral"), key(f"{name} boot")[:8]
    side = Handshake(
        initiator=initiator,
        psk=network.psk,
        preamble=opening,
        identity=identity,
        static=StaticKey(static),
        boot_id=boot_id,
        random=lambda _size: ephemeral,
    )
    fields: dict[int, Any] = {
        0: identity.peer_id,
        1: StaticKey(static).certificate(identity),
        2: boot_id,
    }
    if initiator:
        fields[3] = 0
    return side, {
        "seed": SEEDS[name].hex(),
        "peer_id": identity.peer_id.hex(),
        "static_private": static.hex(),
        "static_public": StaticKey(static).public.hex(),
        "ephemeral_private": ephemeral.hex(),
        "boot_id": boot_id.hex(),
        "payload": msgspec.msgpack.encode(fields).hex(),
    }


def shake_hands(name: str) -> tuple[dict[str, Any], Session, Session]:
    """Do a whole handshake in a network; return it with the two sessions it leaves."""
    network = Network(name, SECRETS[name])
    opening = make_preamble(network, key(f"{name} nonce")[:16])
    alice, alice_made_of = make_side("alice", initiator=True, network=network, opening=opening)
    bob, bob_made_of = make_side("bob", initiator=False, network=network, opening=opening)
    messages = []
    for writer, reader in ((alice, bob), (bob, alice), (alice, bob)):
        messages.append(writer.write())
        reader.read(messages[-1])
    assert alice.session is not None
    assert bob.session is not None
    transcript = {
        "network": name,
        "protocol_name": PROTOCOL_NAME.decode(),
        "psk": network.psk.hex(),
        "preamble": opening.hex(),
        "prologue": (PROLOGUE + opening).hex(),
        "initiator": alice_made_of,
        "responder": bob_made_of,
        "messages": [message.hex() for message in messages],
        "sent_by_initiator": (opening + frame(messages[0]) + frame(messages[2])).hex(),
        "sent_by_responder": frame(messages[1]).hex(),
        "handshake_hash": alice.session.handshake_hash.hex(),
        # only here for whoever debugs another implementation
        "initiator_to_responder_key": alice.session._encrypt.__self__.k.hex(),  # type: ignore[attr-defined]
        "responder_to_initiator_key": bob.session._encrypt.__self__.k.hex(),  # type: ignore[attr-defined]
    }
    return transcript, alice.session, bob.session


def handshake() -> dict[str, Any]:
    """One handshake for each network."""
    return {"handshakes": [shake_hands(name)[0] for name in SECRETS]}


def transport() -> dict[str, Any]:
    """Frames of both directions, across two changes of the key."""
    transcript, alice, bob = shake_hands("open")
    shown = {0, 1, 2, *(n * REKEYS_AT + offset for n in (1, 2) for offset in (-2, -1, 0, 1))}
    directions: dict[str, list[dict[str, Any]]] = {}
    for name, session in (("initiator_to_responder", alice), ("responder_to_initiator", bob)):
        directions[name] = []
        for index in range(max(shown) + 1):
            plaintext = records.encode(records.Ping(index.to_bytes(8, "big")))
            sealed = session.encrypt(plaintext)
            if index in shown:
                directions[name].append(
                    {"index": index, "plaintext": plaintext.hex(), "frame": frame(sealed).hex()}
                )
    return {
        "comment": "Record i of each direction is a PING whose echo is i as 8 bytes, big-endian.",
        "handshake_hash": transcript["handshake_hash"],
        "initiator_to_responder_key": transcript["initiator_to_responder_key"],
        "responder_to_initiator_key": transcript["responder_to_initiator_key"],
        **directions,
    }


FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "keys": keys,
    "preamble": preamble,
    "handshake": handshake,
    "transport": transport,
    "records": record_vectors,
    "messages": lambda: messages() | {"contents": contents(), "folds": folds()},
    "reconcile": reconcile,
    "invites": invites,
    "control": control,
    "authority": authority,
    "boxes": boxes,
    "routes": routes,
    "files": file_vectors,
}


def generate() -> dict[Path, str]:
    """Make the text of every file."""
    return {
        FOLDER / f"{name}.json": json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        for name, make in FILES.items()
    }


def main(arguments: list[str]) -> int:
    """Write the files, or say which of them differ."""
    texts = generate()
    if arguments == ["--check"]:
        stale = [
            path.name
            for path, text in texts.items()
            if not path.exists() or path.read_text(encoding="utf-8") != text
        ]
        for name in stale:
            print(f"{name} is not what the code gives", file=sys.stderr)
        return 1 if stale else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
