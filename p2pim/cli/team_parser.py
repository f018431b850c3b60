"""What ``team`` and ``room`` take: a word each that says what to do. Loaded only with one of the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.cli.parser import PEER, Command, positive, room

if TYPE_CHECKING:
    import argparse

_TEAM = "the team (or a room of one, as team/room); needed only where you are in several"
_ARGV = """Better type or pipe it in than give it as an argument:
what stands on a command line is seen by other users of this machine while it
runs, and stays in the shell's history."""


def _within(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--team", metavar="TEAM", default=None, help=_TEAM)


def _named(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("room", metavar="TEAM", nargs="?", help=_TEAM)
    _within(parser)


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is called")


def _renamed(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    _within(parser)


def _invite(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument(
        "--uses", type=positive, default=1, metavar="N", help="how many may come in by it (1)"
    )
    parser.add_argument("--days", type=float, default=7.0, metavar="D", help="how long it is good (7)")
    parser.add_argument("--approval", action="store_true", help="only an admin's p2pim lets them in")
    parser.add_argument(
        "--label", metavar="NAME", help="whom it is for: certifies that name, if it is for one"
    )


def _revoke(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("invite", metavar="ID", help="as `p2pim team invites` shows it")
    _within(parser)


def _join(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "invitation", metavar="CODE|LINK", nargs="*", help="'-' or nothing: type it, or pipe it in"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds to wait for a member (30); exit code 6 if none has let you in by then",
    )


def _give_up(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("join", metavar="ID", help="as `p2pim team joins` shows it")


def _grant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER", help=PEER)
    parser.add_argument("role", choices=["member", "admin"])
    parser.add_argument("--name", metavar="NAME", help="the name to certify: members see it")
    _within(parser)


def _remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER", help=PEER)
    _within(parser)


def _policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "values",
        metavar="KEY=VALUE",
        nargs="*",
        help="switches: on or off; lists: a comma between, or after one; off takes any rule back",
    )
    _within(parser)


def _log(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument(
        "--verify", action="store_true", help="check every hash and signature; exit code 1 if one is wrong"
    )


def _create_room(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument(
        "--private",
        metavar="PEER",
        nargs="*",
        help="for these and you alone; without it, open to the whole team",
    )
    _within(parser)


def _archive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("room", metavar="ROOM", help="as team/room, or its name alone where that is clear")
    parser.add_argument("--undo", action="store_true", help="open it again")
    parser.set_defaults(team=None)


TEAM: dict[str, Command] = {
    "create": Command("team:create", "found a team", _name),
    "list": Command("team:list_teams", "list your teams"),
    "invite": Command("invites:invite", "make a code and a link that let colleagues in", _invite),
    "invites": Command("invites:invites", "list the invites", _named),
    "revoke": Command("invites:revoke", "end an invite", _revoke),
    "join": Command("invites:join", "join a team by a code or link", _join, _ARGV),
    "joins": Command("invites:joins", "list the codes that are still tried"),
    "give-up": Command("invites:give_up", "try a code no longer", _give_up),
    "members": Command("team:members", "list who belongs to a team or room", _named),
    "grant": Command("team:grant", "make somebody a member or an admin, or certify a name", _grant),
    "remove": Command("team:remove", "remove somebody", _remove, "What they have already, they keep."),
    "leave": Command("team:leave", "leave a team or private group", _within),
    "rename": Command("team:rename", "call a team or room otherwise", _renamed),
    "policy": Command("team:policy", "show or set the rules of a team or room", _policy),
    "log": Command("team:log", "show who did what, and check it", _log),
}

ROOM: dict[str, Command] = {
    "create": Command("rooms:create", "found a channel, or a private group", _create_room),
    "archive": Command("rooms:archive", "close a room to new messages", _archive),
    "state": Command(
        "completeness:state",
        "show whether all messages are here, and who lacks some",
        room,
        "What nobody who is connected has told of cannot be known.",
    ),
    "list": Command("rooms:list_rooms", "list your conversations, as `p2pim rooms` does"),
}
