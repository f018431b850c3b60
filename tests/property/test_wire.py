"""Whatever bytes arrive, however they are cut: the same events, or one refusal, and never anything else."""

from __future__ import annotations

from contextlib import suppress
from itertools import count, pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2pim.errors import DecodeError
from p2pim.protocol import bech32, identity, network, records
from p2pim.protocol.connection import Closed, Connection, ConnectionState, Event, Ready, RecordReceived
from p2pim.protocol.frames import FrameReader, frame
from tests.wire import End, make_end, make_pair, ready_pair

ids = st.binary(min_size=32, max_size=32)
sets = st.sampled_from([records.CONTROL, records.CONTENT])
clocks = st.integers(1, 2**53 - 1)
bounds = st.integers(0, 2**53)
id_lists = st.lists(ids, max_size=5)
short_texts = st.text(max_size=16)
ranges = st.one_of(
    st.builds(records.Range, bounds, st.binary(max_size=32), st.just(records.SKIP), st.just(b"")),
    st.builds(records.Range, bounds, st.binary(max_size=32), st.just(records.FINGERPRINT), ids),
    st.builds(records.Range, bounds, st.binary(max_size=32), st.just(records.IDS), id_lists.map(b"".join)),
)
signed = st.builds(
    records.Signed,
    st.binary(min_size=1, max_size=200),
    st.binary(min_size=64, max_size=64),
    st.none() | st.binary(max_size=200),
)
boxes = st.binary(min_size=48, max_size=200)
echoes = st.binary(min_size=8, max_size=100)
visible_records: st.SearchStrategy[records.Record] = st.one_of(
    st.builds(records.Reconcile, ids, sets, bounds, st.integers(0, 2), st.lists(ranges, max_size=4)),
    st.builds(records.Have, ids, sets, st.lists(st.tuples(ids, clocks), max_size=5)),
    st.builds(records.Want, ids, sets, id_lists),
    st.builds(records.Messages, ids, sets, st.lists(signed, max_size=4)),
    st.builds(records.Ack, ids, sets, id_lists, st.integers(0, 255)),
    st.builds(records.Lack, ids, sets, id_lists),
    st.builds(records.Done, ids, sets, bounds, id_lists),
    st.builds(records.State, st.integers(0, 3), short_texts, st.none() | ids, st.none() | short_texts),
    st.builds(
        records.Peers,
        st.lists(
            st.builds(
                records.SignedPeer,
                st.binary(min_size=1, max_size=200),
                st.binary(min_size=64, max_size=64),
            ),
            max_size=3,
        ),
    ),
    st.builds(records.Boxput, ids, bounds, boxes),
    st.builds(records.Boxack, ids, st.integers(0, 255)),
    st.builds(records.Box, boxes),
)
any_record = st.one_of(
    visible_records,
    st.builds(
        records.Hello, st.lists(st.integers(0, 2**32 - 1), max_size=4), bounds, short_texts, short_texts
    ),
    st.builds(records.Ping, echoes),
    st.builds(records.Pong, echoes),
    st.builds(records.Bye, st.integers(0, 255)),
)
anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=40)
    | ids,
    lambda children: (
        st.lists(children, max_size=5) | st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=12,
)


def cut(data: st.DataObject, stream: bytes) -> list[bytes]:
    """Cut a stream into pieces at places of Hypothesis's choice."""
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    edges = [0, *places, len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


def drain(connection: Connection) -> list[Event]:
    events: list[Event] = []
    while (event := connection.next_event()) is not None:
        events.append(event)
    return events


@given(any_record)
def test_every_record_survives_the_wire(record: records.Record) -> None:
    assert records.decode(records.encode(record)) == record


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_records_of_any_bytes(plaintext: bytes) -> None:
    try:
        record = records.decode(plaintext)
    except DecodeError:
        return
    assert isinstance(record, records.Unknown) or records.decode(records.encode(record)) == record


@settings(max_examples=300)
@given(st.sampled_from(sorted(records.TYPES.values())), st.lists(anything, max_size=6))
def test_records_of_any_values(code: int, values: list[Any]) -> None:
    try:
        record = records.decode(bytes((code,)) + msgspec.msgpack.encode(values))
    except DecodeError:
        return
    assert not isinstance(record, records.Unknown)
    assert records.decode(records.encode(record)) == record


@given(any_record, st.data())
def test_records_with_one_byte_changed(record: records.Record, data: st.DataObject) -> None:
    plaintext = bytearray(records.encode(record))
    plaintext[data.draw(st.integers(0, len(plaintext) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError):
        records.decode(bytes(plaintext))


@given(st.text(max_size=100))
def test_identities_of_any_text(text: str) -> None:
    with pytest.raises(DecodeError):
        identity.decode_peer_id(text)


@given(st.binary(max_size=50), st.sampled_from(["p2pim", "a", "x" * 5]))
def test_bech32_round_trip(raw: bytes, hrp: str) -> None:
    text = bech32.encode(hrp, raw)
    if len(text) <= bech32.MAX_LENGTH:
        assert bech32.decode(text) == (hrp, raw)


@given(st.binary(max_size=40), st.binary(max_size=70), st.binary(max_size=70))
def test_signatures_of_any_bytes(peer_id: bytes, data: bytes, signature: bytes) -> None:
    assert identity.verify(peer_id, "message", data, signature) is False


@given(st.binary(max_size=80), st.text(max_size=30))
def test_preambles_and_slots_of_any_bytes(raw: bytes, label: str) -> None:
    assert network.match_preamble(raw, [network.OPEN]) is None
    assert network.matching([network.OPEN], label, raw) is None


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8), st.data())
def test_frames_come_out_as_they_went_in_however_cut(messages: list[bytes], data: st.DataObject) -> None:
    reader = FrameReader()
    taken = []
    for piece in cut(data, b"".join(map(frame, messages))):
        reader.feed(piece)
        while (message := reader.take_frame(1, 60)) is not None:
            taken.append(message)
    assert taken == messages
    assert reader.buffered == 0


def feed(end: End, pieces: list[bytes]) -> list[Event]:
    events: list[Event] = []
    for piece in pieces:
        end.connection.receive_data(piece, 0.0)
        events += drain(end.connection)
    end.connection.end_of_stream(0.0)
    return events + drain(end.connection)


@given(st.binary(max_size=400), st.booleans(), st.booleans(), st.data())
def test_strangers_of_any_bytes_get_nowhere(
    raw: bytes, initiator: bool, with_preamble: bool, data: st.DataObject
) -> None:
    end = make_end("victim", initiator=initiator)
    if with_preamble:
        raw = network.make_preamble(network.OPEN, bytes(16)) + raw
    events = feed(end, cut(data, raw))
    assert len(events) == 1
    assert isinstance(events[0], Closed)
    assert end.connection.state is ConnectionState.CLOSED
    assert end.connection.peer_id is None


@given(st.lists(visible_records, max_size=6), st.binary(max_size=100), st.data())
def test_a_peer_of_any_bytes_after_ready(sent: list[records.Record], raw: bytes, data: st.DataObject) -> None:
    a, b = ready_pair()
    for record in sent:
        a.connection.send(record)
    stream = a.connection.data_to_send() + raw
    events = feed(b, cut(data, stream))
    assert events[:-1] == [RecordReceived(record) for record in sent]
    assert isinstance(events[-1], Closed)


@settings(max_examples=60)
@given(
    st.lists(visible_records, max_size=5),
    st.lists(visible_records, max_size=5),
    st.lists(st.integers(1, 120), min_size=1, max_size=20),
)
def test_two_connections_agree_whatever_the_pieces(
    from_a: list[records.Record], from_b: list[records.Record], sizes: list[int]
) -> None:
    a, b = make_pair()
    said = {id(a): from_a, id(b): from_b}
    wire = {id(a): b"", id(b): b""}  # what is on its way from each
    silent = 0
    for turn in count():
        source, target = (a, b) if turn % 2 else (b, a)
        wire[id(source)] += source.connection.data_to_send()
        silent = 0 if wire[id(source)] else silent + 1
        if silent == 2:
            break
        size = sizes[turn % len(sizes)]
        piece, wire[id(source)] = wire[id(source)][:size], wire[id(source)][size:]
        target.connection.receive_data(piece, 0.0)
        for event in target.drain():
            if isinstance(event, Ready):
                for record in said[id(target)]:
                    target.connection.send(record)
    for end, heard in ((a, from_b), (b, from_a)):
        assert isinstance(end.events[0], Ready)
        assert end.events[1:] == [RecordReceived(record) for record in heard]
