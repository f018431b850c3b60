"""Peer records on their way, and what a holder can read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from p2pim.node.boxkeys import KEY_MS, TELL_SECONDS
from p2pim.protocol.box import public_key, read_record, write_record
from p2pim.protocol.control import Role
from p2pim.protocol.identity import Identity
from p2pim.protocol.peersum import Peersum, sum_of
from p2pim.protocol.records import MAX_PEERS, PROTOCOL, Peers, SignedPeer
from tests.node.company import Company, Puppet
from tests.node.test_box_attacks import LONG, PUPPETS, team_with
from tests.node.test_boxes import DAY, count, later, leaves
from tests.node.test_teams import CLOSED, founded, link


def test_records_that_their_subject_did_not_sign_end_the_link() -> None:
    company = Company()
    _, (anna,) = team_with(company, None, "anna")
    eve = Identity.generate(company.rng.randbytes)
    good, newer = (write_record(eve, seq, "eve", public_key(PUPPETS), 1) for seq in (5, 6))
    for bad in (
        SignedPeer(newer.record, bytes(64)),
        SignedPeer(b"\x80", good.signature),
        write_record(eve, 7, "eve", bytes(32), 1),
    ):
        puppet = company.puppet()
        company.meet(puppet, anna)
        puppet.say(Peers([good, bad]))
        assert puppet.bye == PROTOCOL
    assert anna.me.store.boxes.seq_of(eve.peer_id) == 5


def test_an_older_record_or_one_about_oneself_changes_nothing() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben) = team_with(company, puppet, "anna", "ben")
    company.meet(puppet, anna)
    own = anna.me.store.boxes.record_of(anna.peer_id)
    known = anna.me.store.boxes.record_of(ben.peer_id)
    puppet.say(
        Peers(
            [
                write_record(ben.identity, 1, "old", public_key(PUPPETS), 1),
                write_record(anna.identity, 2**53 - 1, "twin", public_key(PUPPETS), 1),
            ]
        )
    )
    assert anna.me.store.boxes.record_of(anna.peer_id) == own
    assert anna.me.store.boxes.record_of(ben.peer_id) == known
    assert puppet.bye is None


def subjects(puppet: Puppet) -> set[bytes]:
    return {read_record(signed).peer_id for record in puppet.heard(Peers) for signed in record.peers}


def test_the_records_of_a_large_team_come_in_parts_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.node.boxkeys.MAX_TOLD", 10)
    company = Company()
    puppet = company.puppet()
    team, (anna,) = team_with(company, puppet, "anna")
    others = [Identity.generate(company.rng.randbytes) for _ in range(MAX_PEERS + 6)]
    for other in others:
        anna.me.teams.grant(team, other.peer_id, Role.MEMBER)
    company.meet(puppet, anna)
    records = [write_record(other, 1, "", public_key(PUPPETS), 1) for other in others]
    puppet.say(Peers(records[:40]), Peers(records[40:]))
    company.part(puppet, anna)
    puppet.strings.heard.clear()
    company.meet(puppet, anna)
    puppet.say(Peersum(bytes(8), ask=True))
    assert [len(record.peers) for record in puppet.heard(Peers)] == [1, MAX_PEERS, 6]
    assert subjects(puppet) == {anna.peer_id, *(other.peer_id for other in others)}
    company.run(2 * TELL_SECONDS)
    assert len(puppet.heard(Peers)) == 3


def test_who_holds_the_same_of_others_is_told_nothing_of_them() -> None:
    company = Company()
    member = company.puppet()
    _, (anna, ben) = team_with(company, member, "anna", "ben")
    company.meet(member, anna)
    member.say(Peersum(bytes(8), ask=True))
    held = [read_record(signed) for record in member.heard(Peers) for signed in record.peers]
    same = sum_of((one.peer_id, one.seq) for one in held if one.peer_id == ben.peer_id)
    company.part(member, anna)
    member.strings.heard.clear()
    company.meet(member, anna)
    member.say(Peersum(same, ask=True))
    company.run(2 * TELL_SECONDS)
    assert subjects(member) == {anna.peer_id}
    assert member.heard(Peersum) == [Peersum(same, ask=False)]


def test_records_of_team_mates_are_for_team_mates() -> None:
    company = Company()
    stranger, member = company.puppet(), company.puppet()
    _, (anna, ben) = team_with(company, member, "anna", "ben")
    for puppet in (stranger, member):
        company.meet(puppet, anna)
        puppet.say(Peersum(bytes(8), ask=True))
    company.run(TELL_SECONDS + 5)

    assert not stranger.heard(Peersum)
    assert [record.ask for record in member.heard(Peersum)] == [False]
    assert subjects(stranger) == {anna.peer_id}
    assert subjects(member) == {anna.peer_id, ben.peer_id}


def test_the_disk_of_a_holder_never_holds_what_was_said(tmp_path: Path) -> None:
    company = Company()
    cleo_file = tmp_path / "cleo.db"
    _, (anna, ben, cleo) = team_with(company, None, "anna", "ben", "cleo")
    cleo.crash()
    on_disk = sqlite3.connect(cleo_file, isolation_level=None)
    cleo.disk.backup(on_disk)
    cleo.disk = on_disk
    cleo.start()
    assert on_disk.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    for other in (anna, ben):
        company.meet(cleo, other)
    leaves(company, ben)
    canary = "the canary sings at midnight"
    for number in range(20):
        anna.write(ben, f"{canary} {number}")
    company.run(LONG)
    assert count(cleo, "held_boxes") >= 1

    def on_the_disk() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))

    held = cleo.disk.execute("SELECT box FROM held_boxes").fetchone()[0]
    assert held[100:140] in on_the_disk()  # so this would find the text
    assert anna.identity.peer_id in on_the_disk()
    assert canary.encode() not in on_the_disk()
    company.meet(cleo, ben)
    company.run(5)
    assert len(ben.reads(anna)) == 20
    assert canary.encode() not in on_the_disk()
    cleo.crash()
    on_disk.close()


def test_somebody_met_only_through_others_can_be_sealed_to() -> None:
    company = Company()
    team, (anna, ben, cleo) = founded(company, "anna", "ben", "cleo")
    dora = company.hire("dora", settings=CLOSED)
    dora.me.set_nickname("dora")
    code, _, _ = anna.me.teams.invite(team)
    company.run(1)
    company.join(dora, cleo, code)
    link(company, dora, cleo, team)
    company.run(TELL_SECONDS + 5)
    leaves(company, dora)
    assert anna.sees(dora).nickname == "dora"
    anna.write(dora, "welcome")
    company.run(LONG)
    link(company, dora, ben, team)
    company.run(5)
    assert dora.reads(anna) == ["welcome"]


def test_a_new_name_and_a_new_key_are_told_to_all() -> None:
    company = Company()
    team, (anna, ben, cleo) = founded(company, "anna", "ben", "cleo")
    company.run(TELL_SECONDS + 5)
    company.part(anna, ben)

    def known() -> tuple[str, bytes]:
        signed = anna.me.store.boxes.record_of(ben.peer_id)
        assert signed is not None
        return read_record(signed).nickname, read_record(signed).box_key

    name, key = known()
    ben.me.set_nickname("benjamin")
    company.run(2 * TELL_SECONDS + 5)
    assert known() == ("benjamin", key)
    later(company, KEY_MS / 1000 / DAY + 1)
    leaves(company, anna, ben, cleo)
    link(company, ben, cleo, team)
    link(company, cleo, anna, team)
    company.run(TELL_SECONDS + 5)
    assert known()[1] != key
    assert count(ben, "box_keys") == 2
    assert name == "ben"
