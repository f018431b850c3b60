"""Test vectors of SPEC.md, section 12: stories, each the smallest in which a rule decides. Used by vectors.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from _vectors_scene import ADMIN, DAY, MEMBER, NONE, PEOPLE, Scene, fixed, who

from p2pim.protocol.authority import network_secrets
from p2pim.protocol.control import Grant, Merge, Policy, RoomType

#: Each story with the times at which it is judged, after the start of all.
STORIES: dict[str, tuple[Callable[[Scene], None], tuple[int, ...]]] = {}


def story(name: str, *times: int) -> Callable[[Callable[[Scene], None]], None]:
    """Add a story."""

    def add(tell: Callable[[Scene], None]) -> None:
        STORIES[name] = tell, times

    return add


@story("what may enter")
def _(s: Scene) -> None:
    genesis = s.last
    s.send(genesis, "team")  # held already
    s.merge("A", genesis)  # has no role
    made = s.grant("O", "A", 1, ADMIN, genesis)
    s.merge("A", genesis)  # does not follow their grant
    member = s.grant("A", "B", 1, MEMBER, made)
    s.merge("B", member)  # members have no say
    s.grant("B", "B", 2, NONE, made)  # nor leave before they are named
    s.grant("B", "B", 9, NONE, member)  # enters, and is void: its gen leaps
    s.grant("B", "B", 2, MEMBER, member)  # is no leave
    s.merge("O", member, at=4)  # its clock is not above its parent's
    nothing = Merge(bytes(16))
    s.write("O", nothing, member, kind=1)  # content
    s.write("O", nothing, member, kind=129)  # no GRANT
    s.write("O", nothing, member, kind=128)  # no genesis
    s.write("O", nothing, member, kind=200, content=b"anything")  # enters: of a newer version
    s.write("B", nothing, member, kind=200, content=b"anything")
    s.write("O", nothing, parents=[])
    s.write("O", nothing, parents=[bytes(32)])  # a parent that nobody has
    s.write("A", nothing, member)


@story("which ADMIT may enter")
def _(s: Scene) -> None:
    before = s.last
    invite = s.invite("O")
    s.admit("E", "B", invite)  # whoever writes it
    s.admit("O", "C", invite, before)  # does not follow the invite
    s.admit("O", "C", (invite[0], PEOPLE["E"]))  # a proof without the code
    s.admit("O", "C", (before, invite[1]))  # no INVITE
    forged = s.admit("E", "D", invite, name="Dora")
    assert forged.content is not None
    s.write("E", Merge(bytes(16)), invite[0], kind=133, content=forged.content.replace(b"Dora", b"Boss"))


@story("roles, and by whom")
def _(s: Scene) -> None:
    s.grant("O", "A", 1, ADMIN)
    s.grant("O", "B", 1, ADMIN)
    s.grant("A", "C", 1, ADMIN)  # only the owner makes admins
    s.grant("A", "D", 1, MEMBER)
    s.grant("A", "B", 2, NONE)  # and unmakes them
    s.grant("A", "O", 1, NONE)
    s.grant("O", "D", 2, NONE)


@story("gens: a leap is void, and raises nothing")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    s.grant("A", "B", 1_000_000, MEMBER, a)
    s.grant("A", "B", 1, MEMBER)
    s.grant("O", "B", 2, NONE)
    s.grant("A", "B", 2, MEMBER)
    s.grant("A", "B", 1, NONE)
    s.grant("A", "B", 3, MEMBER)


@story("of one gen: the owner's, then the lower role, then the first")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    b = s.grant("O", "B", 1, ADMIN)
    s.grant("A", "C", 1, NONE, a, b)
    s.grant("O", "C", 1, MEMBER, a, b)
    s.grant("A", "D", 1, MEMBER, a, b)
    s.grant("B", "D", 1, NONE, a, b)
    s.grant("A", "E", 1, MEMBER, a, b, at=90, name="late")
    s.grant("B", "E", 1, MEMBER, a, b, at=80, name="early")


@story("a demotion keeps what its author knew of, and a later one revives nothing")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    known = s.grant("A", "B", 1, MEMBER, a)
    demoted = s.grant("O", "A", 2, MEMBER, known)
    junk = s.grant("A", "C", 1, MEMBER, a, at=3)
    s.grant("A", "D", 1, MEMBER, demoted)
    again = s.grant("O", "A", 3, ADMIN, demoted, junk)
    s.grant("A", "E", 1, MEMBER, again)
    s.grant("O", "A", 4, NONE, again)


@story("all leaves of an admin bound their tenure")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    known = s.grant("A", "B", 1, MEMBER, a)
    left = s.grant("A", "A", 2, NONE, known)
    junk = s.grant("A", "C", 1, MEMBER, known)
    once_more = s.grant("A", "A", 2, NONE, junk)
    s.grant("O", "A", 3, NONE, left, once_more)


@story("a leave that the owner did not know of at a demotion bounds nothing")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    known = s.grant("A", "B", 1, MEMBER, a)
    raised = s.grant("A", "A", 2, MEMBER, known)
    s.grant("O", "A", 3, MEMBER, raised)
    junk = s.grant("A", "C", 1, MEMBER, a)
    s.grant("A", "A", 2, NONE, junk)


@story("an admin's leave against the owner's word of the same gen")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    s.grant("A", "A", 2, NONE, a)
    kept = s.grant("O", "A", 2, ADMIN, a)
    s.grant("A", "B", 1, MEMBER, kept)
    s.grant("A", "C", 1, MEMBER, a)


@story("nobody puts off their removal")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    b = s.grant("A", "B", 1, MEMBER, a)
    renamed = s.grant("A", "B", 2, MEMBER, b, name="Bert")
    s.grant("O", "B", 3, NONE, renamed)
    s.grant("B", "B", 2, NONE, b, at=1_000)
    c = s.grant("A", "C", 1, MEMBER, a)
    s.grant("A", "C", 2, NONE, c)
    s.grant("C", "C", 2, NONE, c, at=1_000)


@story("a later gen ends what would begin after it")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    one = s.grant("A", "B", 1, MEMBER, a)
    s.grant("O", "B", 1, MEMBER, a, at=90)
    two = s.grant("A", "B", 2, NONE, one, at=50)
    s.grant("A", "B", 3, MEMBER, two, at=60)


@story("an invite for two: the first two people, by (clock, id)")
def _(s: Scene) -> None:
    invite = s.invite("O", uses=2)
    s.admit("O", "A", invite, at=40)
    s.admit("A", "B", invite, at=50)
    s.admit("E", "C", invite, at=30)  # back-dated by who has the code
    s.admit("O", "A", invite, at=60)


@story("an invite ends by its date, and with its author's tenure")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    short = s.invite("O", days=1)
    s.admit("A", "B", short, at=DAY)
    s.admit("A", "C", short, at=DAY + 1)
    theirs = s.invite("A", a, uses=9)
    known = s.admit("A", "D", theirs)
    s.grant("O", "A", 2, NONE, known)
    s.admit("A", "E", theirs)


@story("with approval only an admin's ADMIT counts")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    s.grant("O", "B", 1, MEMBER, a)
    invite = s.invite("O", uses=2, approval=True)
    s.admit("B", "C", invite)
    s.admit("A", "D", invite)


@story("a revocation keeps people, and those alone")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    invite = s.invite("O", uses=1)
    early = s.admit("E", "E", invite, at=20)
    came = [s.admit("A", n, invite, at=30 + i) for i, n in enumerate("BCD")]
    s.revoke("O", invite, came, early, *came, at=50)
    copied = s.admit("E", "B", invite, at=25)
    s.revoke("A", invite, [copied, came[1]], a, copied, *came[1:], at=51)


@story("revocations by those who may not, and of what does not count, mean nothing")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    invite = s.invite("O", a)
    came = s.admit("E", "B", invite)
    s.grant("O", "A", 2, MEMBER, came)
    s.revoke("A", invite, [], came)
    void = s.invite("A", a)
    s.admit("E", "C", void)


@story("who was banned or removed does not come in by a code")
def _(s: Scene) -> None:
    one, two = s.invite("O", uses=9), s.invite("O", uses=9)
    s.grant("O", "B", 1, NONE)
    s.admit("B", "B", one)
    came = s.admit("O", "C", one)
    s.grant("O", "C", 1, NONE, came)
    s.admit("C", "C", two)


@story("certified names")
def _(s: Scene) -> None:
    s.grant("O", "A", 1, ADMIN, name="Anna")
    s.grant("O", "A", 2, ADMIN, name="Anna B.")
    s.grant("O", "A", 3, ADMIN, name="A\u202eB")
    s.grant("O", "A", 4, ADMIN)
    s.admit("A", "B", s.invite("O", label="Bert"), name="Boss")
    s.admit("A", "C", s.invite("O", uses=2, label="temps"), name="Cleo")
    s.grant("O", "D", 1, MEMBER, name=" ")


@story("policies")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    b = s.grant("O", "B", 1, ADMIN)
    one = s.policy("A", 1, {"name": "crew", "archived": False, "types": ["png"]}, b)
    s.policy("B", 2, {"days": 30}, one)
    s.policy("O", 2, {"days": 7, "name": "t\u202eam"}, one)
    s.policy("A", 900, {"days": 1}, one)
    s.policy("B", 2, {"most": 5}, one, at=90)
    s.policy("A", 2, {"most": 6}, one, at=80)
    last = s.grant("O", "C", 1, ADMIN, a, b)
    s.grant("O", "C", 2, NONE, last)
    s.policy("C", 1, {"void": True}, last)


@story("retention: a rule is followed by another, and of two at once the owner's holds")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    b = s.grant("O", "B", 1, ADMIN, a)
    short = s.policy("A", 1, {"retention_days": 2}, b, at=10 * DAY)
    long = s.policy("A", 2, {"retention_days": 400}, short, at=20 * DAY)
    s.policy("O", 2, {"retention_days": 30}, short, at=21 * DAY)
    other = s.policy("B", 3, {"relay": False, "retention_days": True}, long, at=40 * DAY)
    s.policy("B", 4, {"retention_days": 0}, other, at=60 * DAY)


@story("policies upon one that turned out void")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    b = s.grant("O", "B", 1, ADMIN, a)
    one = s.policy("A", 1, {"relay": True}, b)
    s.policy("B", 2, {"days": 30}, one)
    s.grant("O", "A", 2, NONE, b)


@story("secrets: two removals at once, a void one, a leave, and one that did not win")
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, ADMIN)
    made = [s.grant("O", n, 1, MEMBER) for n in "BC"]
    s.grant("O", "B", 2, NONE, *made)
    removed = s.grant("A", "C", 2, NONE, a, *made)
    left = s.write("C", Grant(who("C"), 2, 0, None, s.fresh()), *made)
    s.grant("O", "C", 2, MEMBER, *made)
    gone = s.grant("O", "A", 2, NONE, removed, left)
    s.grant("A", "D", 1, NONE, a, gone)


@story("what is not due does not count, but a removal bites at once", 0, 2 * DAY, 30 * DAY)
def _(s: Scene) -> None:
    a = s.grant("O", "A", 1, MEMBER)
    s.grant("O", "A", 2, NONE, a, at=20 * DAY)
    s.grant("O", "B", 1, MEMBER, a, at=3 * DAY)


@story("a genesis counts at once", -30 * DAY, 0)
def _(s: Scene) -> None:
    s.grant("O", "A", 1, ADMIN)


@story("a channel has the roles of its team", 0, 30 * DAY)
def _(s: Scene) -> None:
    genesis = s.last
    s.found("too early", "B", RoomType.CHANNEL)
    s.grant("O", "A", 1, ADMIN, genesis)
    members = [s.grant("O", n, 1, MEMBER) for n in "BC"]
    channel = s.found("news", "B", RoomType.CHANNEL)
    one = s.write("B", Policy(1, {"name": "plans"}), channel, room="news")
    two = s.write("A", Policy(2, {"archived": True}), one, room="news")
    s.write("C", Policy(3, {"archived": False}), two, room="news")  # early: no admin
    s.grant("O", "E", 1, MEMBER, two, room="news")  # gives nobody a role
    s.grant("O", "B", 2, NONE, *members)
    s.write("B", Policy(3, {"name": "too late"}), two, room="news")


@story("a group has roles of its own, for members of its team", 0)
def _(s: Scene) -> None:
    members = [s.grant("O", n, 1, MEMBER) for n in "ABC"]
    group = s.found("plan", "A", RoomType.GROUP)
    b = s.grant("A", "B", 1, ADMIN, group, room="plan")
    s.grant("B", "C", 1, MEMBER, b, room="plan")
    s.grant("B", "E", 1, MEMBER, b, room="plan")  # not in the team
    s.grant("O", "A", 2, NONE, *members, at=50)
    s.grant("A", "D", 1, MEMBER, group, room="plan", at=60)  # by a founder who was removed
    s.grant("C", "C", 2, NONE, room="plan")  # does not follow its naming


def authority() -> dict[str, Any]:
    """Secrets of networks, and the stories."""
    team, parts = fixed("a team"), [fixed(f"part {n}") for n in range(4)]
    stories = []
    for name, (tell, times) in STORIES.items():
        scene = Scene(name)
        tell(scene)
        stories.append(scene.told((None, *times)))
    return {
        "comment": "People are named by one letter; the lists of roles_at are in their order. Messages are offered in "
        "the order given; the verdict says whether one enters: enters, held, orphan (a parent is not here), early, "
        "refused. A result with now null is of all that is held. Timelines have [gen, start, role, id].",
        "people": {n: {"seed": p.seed.reveal().hex(), "peer_id": p.peer_id.hex()} for n, p in PEOPLE.items()},
        "secrets": {
            "team": team.hex(),
            "first": parts[0].hex(),
            "removals": [part.hex() for part in parts[1:]],
            "secrets": [secret.hex() for secret in network_secrets(team, parts[0], parts[1:])],
        },
        "stories": stories,
    }
