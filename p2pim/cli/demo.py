"""``demo``: three real daemons on the loopback interface find each other and talk; one is killed meanwhile.

Nothing is pretended: each has its own profile, they meet by mDNS, and what is claimed at the end has been
compared on all three. Whatever happens, processes and folders are gone afterwards.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p2pim.api import exits
from p2pim.api.client import Client, whole_history
from p2pim.api.launch import Starting
from p2pim.cli.output import ARRIVED
from p2pim.config.paths import Paths
from p2pim.errors import P2pimError

if TYPE_CHECKING:
    from collections.abc import Callable

    from p2pim.api import schema
    from p2pim.cli.run import Run

NAMES = ("ann", "ben", "cy")
PATIENCE = 8.0
LONGEST = 18.0
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
# Port 0: any free one, so that a real daemon on this machine keeps the usual ones.
SETTINGS = 'port = 0\ninterfaces = ["127.0.0.1"]\n'


class Fault(P2pimError):
    """Something the demo wanted to show is not so."""


class Member:
    """One of the three: a profile, its daemon and a client of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.paths = Paths(folder / name)
        self.paths.data.mkdir(mode=0o700)
        self.paths.config_file.write_text(SETTINGS, encoding="utf-8")
        self.client: Client
        self.peer_id = ""
        self._starting: Starting | None = None

    def launch(self) -> None:
        """Begin to start; ``ready`` waits for the end of it."""
        self._starting = Starting(self.paths)

    def ready(self) -> int:
        """Wait until the daemon serves, and say hello; its process id."""
        assert self._starting is not None
        pid = self._starting.wait()
        self.client = Client(self.paths, PATIENCE)
        self.client.subscribe()
        self.peer_id = self.client.identity()["peer_id"]
        return pid

    def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        assert self._starting is not None
        self._starting.process.kill()
        self._starting.process.wait()
        self.client.close()

    def ask_to_end(self) -> None:
        """Begin to stop; ``end`` waits for it."""
        if self._starting is not None:
            self._starting.process.terminate()

    def end(self) -> None:
        """Wait for the end, and enforce it if it does not come."""
        if self._starting is None:
            return
        process = self._starting.process
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if hasattr(self, "client"):
            self.client.close()
        shutil.rmtree(self.paths.runtime, ignore_errors=True)  # elsewhere, where paths are very long

    def texts(self, room: str, authors: set[str]) -> list[tuple[str, str]]:
        """What these wrote in a room, in order: id and text. Another demo may be running beside this one."""
        messages = whole_history(self.client, room, 1000)
        return [(m["id"], m["text"] or "") for m in messages if m["author"] in authors]

    def last_words(self) -> list[str]:
        """The end of the log, for when something failed."""
        try:
            return self.paths.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        except OSError:
            return []


class Stage:
    """The three, and the clock that runs from the start."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._output = run.output
        self._began = time.monotonic()
        self.members = [Member(name, folder) for name in NAMES]
        self.figures: dict[str, Any] = {}
        self._tokens = 0

    def texts(self, member: Member, room: str) -> list[tuple[str, str]]:
        """What one of the three holds of what the three wrote."""
        return member.texts(room, {each.peer_id for each in self.members})

    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def tell(self, sentence: str) -> None:
        """One line of the story."""
        if not self._output.as_json:
            self._output.line(f"{self.seconds():6.2f} s  {sentence}")

    def until(self, holds: Callable[[], bool], what: str) -> float:
        """Wait until it holds; how long that took in seconds."""
        began = time.monotonic()
        end = began + min(PATIENCE, LONGEST - self.seconds())
        while not holds():
            if time.monotonic() > end:
                raise Fault(f"Not so within {time.monotonic() - began:.1f} s: {what}.")
            time.sleep(0.01)
        return time.monotonic() - began

    def token(self) -> str:
        """A new one for each message."""
        self._tokens += 1
        return f"demo-{self._tokens}"

    def delivered(self, author: Member, room: str, text: str) -> float:
        """Send and wait for the delivery mark; how long both took in milliseconds."""
        began = time.perf_counter()
        sent = author.client.send(room, text)
        for event in author.client.events(timeout=PATIENCE):
            message = event.get("message")
            if message and message["id"] == sent["id"] and message["state"] in ARRIVED:
                return (time.perf_counter() - began) * 1000
        raise Fault(f"{author.name}'s message was not delivered.")


def demo(run: Run) -> int:
    """Run the play; 0 only if all of it was seen to be so."""
    folder = Path(tempfile.mkdtemp(prefix="p2pim-demo-"))
    stage = Stage(run, folder)
    if not run.output.as_json:
        run.output.line(f"Three peers on this machine alone (127.0.0.1), their profiles in {folder}")
    fault: P2pimError | None = None
    previous = [(number, signal.signal(number, _interrupt)) for number in _ENDING]
    try:
        _meet(stage)
        _talk(stage)
        expected = _be_killed(stage)
        _come_back(stage, expected)
    except P2pimError as error:
        fault = error
        for member in stage.members:
            run.output.lines(f"  {member.name}: {line}" for line in member.last_words())
    finally:
        for member in stage.members:
            member.ask_to_end()
        for member in stage.members:
            member.end()
        shutil.rmtree(folder, ignore_errors=True)
        for number, handler in previous:
            signal.signal(number, handler)
    if fault is None and folder.exists():
        fault = Fault(f"{folder} could not be removed.")
    if fault is not None:
        run.output.error(f"The demo failed: {fault}", exits.FAILED)
        return exits.FAILED
    stage.figures["seconds"] = round(stage.seconds(), 2)
    stage.tell("ended; processes and folders are gone. Everything above was checked, not assumed.")
    if run.output.as_json:
        run.output.json(stage.figures)
    return exits.OK


def _interrupt(_number: int, _frame: object) -> None:
    """Whoever ends the demo ends its daemons: as with Ctrl-C, by way of ``finally``."""
    raise KeyboardInterrupt


def _meet(stage: Stage) -> None:
    """Start all at once; they find each other."""
    for member in stage.members:
        member.launch()
    pids = [member.ready() for member in stage.members]
    stage.tell(f"{', '.join(NAMES)} run (processes {', '.join(map(str, pids))})")
    for member in stage.members:
        member.client.call("identity.name", nickname=member.name)
    stage.until(lambda: all(_sees_the_others(stage, m) for m in stage.members), "all three see each other")
    stage.figures["found_seconds"] = round(stage.seconds(), 2)
    stage.tell("they have found each other by mDNS; every link is a Noise handshake")


def _sees_the_others(stage: Stage, member: Member) -> bool:
    online = {peer["peer_id"] for peer in member.client.peers() if peer["presence"] != "offline"}
    return {other.peer_id for other in stage.members if other is not member} <= online


def _talk(stage: Stage) -> None:
    """A DM there and back, then the lobby."""
    ann, ben, _ = stage.members
    stage.delivered(ann, ben.peer_id, "hello ben, do you read me?")
    stage.tell("ann -> ben: delivered (a stranger's first message: ben answers, and so accepts her)")
    stage.delivered(ben, ann.peer_id, "loud and clear")
    times = []
    for number in range(10):
        times.append(stage.delivered(ann, ben.peer_id, f"ping {number}"))
        times.append(stage.delivered(ben, ann.peer_id, f"pong {number}"))
    median = statistics.median(times)
    stage.figures["delivery_ms"] = round(median, 2)
    stage.tell(f"20 messages back and forth, stored at both ends before the tick: median {median:.1f} ms")
    for number in range(5):
        for member in stage.members:
            member.client.send("#lobby", f"lobby {number} from {member.name}", stage.token())
    stage.until(lambda: _agree(stage, "#lobby", 15), "all three hold 15 lobby messages in the same order")
    stage.tell("15 messages in the lobby, from all three: the same order on all three")


def _agree(stage: Stage, room: str, count: int) -> bool:
    first, *others = [stage.texts(member, room) for member in stage.members]
    return len(first) == count and all(other == first for other in others)


class Expected:
    """What must be there at the end, in the DM of ann and ben and in the lobby."""

    def __init__(self) -> None:
        self.dm: list[str] = []
        self.lobby: list[str] = []
        self.unanswered: dict[str, Any] = {}


def _be_killed(stage: Stage) -> Expected:
    """All go on talking, and ben dies in the middle of it."""
    ann, ben, cy = stage.members
    expected = Expected()
    for number in range(30):
        if number == 10:
            expected.unanswered = _die_talking(stage, ben, ann)
            expected.dm.append(expected.unanswered["text"])
            stage.tell("ben is killed (SIGKILL) with a message of his unanswered; ann and cy talk on")
        for author in stage.members:
            if author is ben and number >= 10:
                continue
            text = f"talk {number} by {author.name}"
            author.client.send("#lobby", text, stage.token())
            expected.lobby.append(text)
            if author is not cy:
                other = ben if author is ann else ann
                author.client.send(other.peer_id, text, stage.token())
                expected.dm.append(text)
    waiting = [m for m in whole_history(ann.client, ben.peer_id, 1000) if m["state"] == "waiting"]
    if not waiting:
        raise Fault("Nothing is shown as waiting for ben, who is dead.")
    stage.tell(f"{len(waiting)} of ann's messages to ben are shown as waiting")
    return expected


def _die_talking(stage: Stage, ben: Member, ann: Member) -> dict[str, Any]:
    """Ask ben's daemon to send, and kill it without waiting for the answer: stored or not, nobody knows."""
    request = {"room": ann.peer_id, "text": "ben's last words before the kill", "token": stage.token()}
    ben.client.ask("message.send", **request)
    ben.kill()
    return request


def _come_back(stage: Stage, expected: Expected) -> None:
    """Ben starts again; everything must be there, once, in one order."""
    ann, ben, _ = stage.members
    began = time.monotonic()
    ben.launch()
    ben.ready()
    # What a careful client does: ask again with the same token. Stored once, whatever became of the first.
    ben.client.call("message.send", **expected.unanswered)
    lobby = Counter(expected.lobby)
    stage.until(
        lambda: _agree(stage, "#lobby", 15 + lobby.total()), "the lobby is whole and equal on all three"
    )
    dm = Counter(expected.dm)
    early = 22  # what _talk said there
    stage.until(
        lambda: (
            len(stage.texts(ann, ben.peer_id)) == early + dm.total()
            and stage.texts(ann, ben.peer_id) == stage.texts(ben, ann.peer_id)
        ),
        "ann and ben hold the same conversation",
    )
    took = time.monotonic() - began
    stage.figures["return_seconds"] = round(took, 2)
    _check_once(lobby, Counter(text for _, text in stage.texts(ann, "#lobby")), "the lobby")
    _check_once(dm, Counter(text for _, text in stage.texts(ben, ann.peer_id)), "the DM")
    stage.until(
        lambda: all(_is_delivered(m) for m in whole_history(ann.client, ben.peer_id, 1000)),
        "all are delivered",
    )
    count = 15 + lobby.total() + early + dm.total()
    stage.figures["messages"] = count
    stage.tell(f"ben is back and has everything, {took:.2f} s after his start")
    stage.tell(f"{count} messages: each exactly once, in the same order on every side, none lost")


def _is_delivered(message: schema.Message) -> bool:
    return message["state"] in (*ARRIVED, "received")


def _check_once(expected: Counter[str], found: Counter[str], where: str) -> None:
    wrong = {text: found[text] for text in expected if found[text] != expected[text]}
    if wrong:
        raise Fault(f"In {where} {len(wrong)} messages are missing or there more than once.")
