"""I5 against a peer that names one room and means another."""

from __future__ import annotations

from p2pim.protocol.identity import Identity
from p2pim.protocol.records import CONTENT, STORED, Ack, Lack, Record, Want
from p2pim.protocol.room import dm_room
from tests.simulation.world import Machine, World


def office(*names: str) -> tuple[World, list[Machine]]:
    world = World(1)
    for name in names:
        machine = Machine(world, name, Identity.generate(world.rng.randbytes))
        machine.start()
        world.machines.append(machine)
    return world, world.machines


def write(author: Machine, reader: Machine) -> bytes:
    """A message in the DM of the two; its id."""
    assert author.node is not None
    author.node.resolve(author.node.people.name(reader.peer_id))
    return author.node.send_text(dm_room(author.peer_id, reader.peer_id), "for your eyes only").id


def say(machine: Machine, record: Record) -> None:
    assert machine.node is not None
    [session] = machine.node.sync.sessions.values()
    session.link.send(record)
    session.link.flush()


def test_a_message_is_not_served_under_the_name_of_another_room() -> None:
    world, (anna, ben, eve) = office("anna", "ben", "eve")
    world.connect(anna, ben)
    world.connect(eve, anna)
    world.run(2)
    write(anna, eve)
    secret = write(anna, ben)
    world.run(2)
    assert ben.holds(secret)
    heard: list[Record] = []
    assert eve.node is not None
    eve.node._takers[Lack] = lambda session, record: heard.append(record)
    room = dm_room(anna.peer_id, eve.peer_id)
    say(eve, Want(room, CONTENT, [secret]))
    world.run(2)
    assert heard == [Lack(room, CONTENT, [secret])]
    assert not eve.holds(secret)


def test_nobody_acknowledges_what_belongs_to_another_room() -> None:
    world, (anna, ben, eve) = office("anna", "ben", "eve")
    world.connect(anna, ben)
    world.connect(eve, anna)
    world.run(2)
    ben.crash()
    world.run(2)
    write(anna, eve)
    waiting = write(anna, ben)
    say(eve, Ack(dm_room(anna.peer_id, eve.peer_id), CONTENT, [waiting], STORED))
    world.run(2)
    assert anna.node is not None
    [view] = anna.node.history(dm_room(anna.peer_id, ben.peer_id))
    assert view.state == "waiting"
    assert view.deliveries == ()
