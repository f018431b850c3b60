"""What a hostile member does: signs anything, with old parents, wrong clocks, forged proofs, and pushes it to some."""

from __future__ import annotations

from p2pim.node.node import Node
from p2pim.node.session import Session
from p2pim.protocol.box import box_digest, seal_box
from p2pim.protocol.control import Admit, Body, Grant, Invite, Policy, Revoke, consent, encode, kind_of
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import TEXT, Message, MessageId, RoomId, seal, text_content
from p2pim.protocol.records import (
    BOX_HANDED_OVER,
    CONTENT,
    CONTROL,
    Box,
    Boxack,
    Boxput,
    Messages,
    Record,
    Signed,
)
from p2pim.protocol.room import dm_room
from tests.simulation.guild import DAY_MS, Guild, Member, some_rules


def mischief(guild: Guild, machine: Member) -> None:
    """One hostile deed."""
    rng, node = guild.rng, machine.node
    if node is None or not machine.rooms():
        return
    if rng.random() < 0.3:
        guild.count["mischief with boxes"] += 1
        boxes(guild, node)
        return
    room = rng.choice(list(machine.rooms()))
    which = rng.choice((CONTROL, CONTENT))
    message = control(guild, machine, room) if which == CONTROL else content(guild, machine, room)
    guild.count["mischief"] += 1
    if rng.random() < 0.7:  # it holds it itself, too
        with node.store.transaction():
            if which == CONTROL:
                if node.control.adds(room, message):
                    node.control.grew(room, [message])
            else:
                node.store.messages.add(message, now_ms=machine.clock.wall_ms())
    links = [link for link in node.sync.sessions if not link.closed]
    for link in rng.sample(links, rng.randrange(len(links) + 1)):
        link.send(Messages(room, which, [message.signed()]))
        link.flush()


def boxes(guild: Guild, node: Node) -> None:
    """Withhold, repeat, invent, claim."""
    rng = guild.rng
    held = stolen(node)
    someone = rng.choice([*guild.people.values()])
    with node.store.transaction():
        if rng.random() < 0.3:
            node.store.boxes.drop([digest for digest, _ in held])
    known = [box for _, box in held] + [rng.randbytes(rng.randrange(48, 200))]
    for session in list(node.sync.sessions.values()):
        claims = [*(digest for digest, _ in held), rng.randbytes(32), *session.boxing.given]
        said: list[Record] = [
            Box(rng.choice(known)),
            Boxput(someone.peer_id, 2**52, rng.choice(known)),
            Boxack(rng.choice(claims), rng.choice((0, 1, 2, 3, 9))),
            Box(own_box(guild, node, someone.peer_id)),
        ]
        for record in rng.sample(said, rng.randrange(len(said) + 1)):
            session.link.send(record)
        session.link.flush()


def lie(guild: Guild, node: Node) -> None:
    """From now on say of half the boxes it is to hold, at once, that they were handed over."""
    put = node.boxes.holding.put

    def put_and_lie(session: Session, record: Boxput) -> None:
        put(session, record)
        if guild.rng.random() < 0.5:
            guild.count["lies"] += 1
            session.link.send(Boxack(box_digest(record.box), BOX_HANDED_OVER))
            node.sync.touch(session)

    node._takers[Boxput] = put_and_lie


def stolen(node: Node) -> list[tuple[bytes, bytes]]:
    """What it holds for others."""
    rows = node.store.database.rows(
        "SELECT digest, box FROM held_boxes WHERE box IS NOT NULL ORDER BY digest"
    )
    return [(digest, box) for digest, box in rows]


def own_box(guild: Guild, node: Node, peer: PeerId) -> bytes:
    """A box with something forged in it, for whoever it knows the key of."""
    key = node.boxes.keys.key_of(peer)
    room = dm_room(node.peer_id, peer)
    text = text_content("mischief", 1, guild.rng.randbytes)
    message = seal(
        node.identity, room, parents=[], clock=guild.rng.randrange(1, 2**52), kind=TEXT, content=text
    )
    forged = Signed(message.raw_header, guild.rng.randbytes(64), message.content)
    signed = guild.rng.choice((message.signed(), forged))
    return bytes(60) if key is None else seal_box(peer, key, [signed], guild.rng.randbytes)


def content(guild: Guild, machine: Member, room: RoomId) -> Message:
    rng = guild.rng
    held = [i for _, i in machine.held(room)]
    parents = rng.sample(held, min(len(held), rng.randrange(3)))
    if rng.random() < 0.2:
        parents.append(rng.randbytes(32))  # of something that does not exist
    text = text_content("mischief", machine.clock.wall_ms(), rng.randbytes)
    return seal(
        machine.identity, room, parents=parents, clock=some_clock(guild, machine), kind=TEXT, content=text
    )


def some_clock(guild: Guild, machine: Member, least: int = 1) -> int:
    now = machine.clock.wall_ms()
    return max(
        least, guild.rng.choice([least, now, now + 23 * 3_600_000, now + guild.rng.randrange(900) * DAY_MS])
    )


def control(guild: Guild, machine: Member, room: RoomId) -> Message:
    rng = guild.rng
    known = machine.control_of(room)
    parents = rng.sample(known, min(len(known), rng.randrange(1, 4)))
    if rng.random() < 0.5:
        named = {p for m in known for p in m.header.parents}
        parents = [m for m in known if m.id not in named][:16] or parents
    body, more = some_body(guild, machine, room, known)
    parents = list({m.id: m for m in [*parents, *more]}.values())[-16:]
    clock = some_clock(guild, machine, 1 + max(m.header.clock for m in parents))
    ids: list[MessageId] = [m.id for m in parents]
    return seal(machine.identity, room, parents=ids, clock=clock, kind=kind_of(body), content=encode(body))


def some_body(
    guild: Guild, machine: Member, room: RoomId, known: list[Message]
) -> tuple[Body, list[Message]]:
    rng = guild.rng
    subject = rng.choice([*guild.people.values()])
    control = machine.control_set(room)
    invites = [deed for deed in control.deeds() if isinstance(deed.body, Invite)]
    admits = [deed.id for deed in control.deeds() if isinstance(deed.body, Admit)]
    deed = rng.random()
    if deed < 0.5 or (deed < 0.7 and not invites):
        authority = control.authority()
        highest = authority.gens.get(subject.peer_id, 0) if authority else 0
        gen = rng.choice([1, 2, 3, highest + 1, 1_000_000])
        role = rng.choice((0, 0, 1, 2))
        secret = rng.randbytes(32) if role == 0 and rng.random() < 0.5 else None
        return Grant(subject.peer_id, gen, role, None, secret), []
    if deed < 0.7:
        invite = rng.choice(invites)
        proof = rng.randbytes(64)
        agreed = consent(machine.identity, invite.id, proof, None)
        return Admit(machine.peer_id, invite.id, proof, agreed, None), [invite.message]
    if deed < 0.8:
        return Invite(machine.peer_id, rng.randbytes(32), rng.randbytes(32), 2**45, 5, False, None), []
    if deed < 0.9 and invites:
        return Revoke(rng.choice(invites).id, rng.sample(admits, rng.randrange(len(admits) + 1))), []
    return Policy(rng.choice([1, 2, 900]), some_rules(rng)), []
