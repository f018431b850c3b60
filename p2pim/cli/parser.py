"""The commands and their options. Only the command that was asked for is built in full."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, NamedTuple

from p2pim import __version__
from p2pim.api.exits import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable

PEER = "peer: a name, your own name for them, or the first 4 or more characters of their id"
MESSAGE = "6 or more leading digits of its id, as `p2pim history --ids` shows them"
TEXT = "what to write; '-' or nothing: from standard input"
ROOM = "a peer, '#lobby' (or plain lobby, which no shell takes for a comment), '#team' or '#team/room'"


_ASKED = "Passphrases are asked for on the terminal, or read from standard input, a line each."


class Command(NamedTuple):
    """One command: where its function is, what it says of itself, what it takes.

    ``deeds``: the things it can do, each a command of its own.
    """

    act: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None
    details: str = ""
    deeds: Callable[[], dict[str, Command]] = dict


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal; argparse's own way to find out imports 4 ms of archive formats."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
        except (OSError, ValueError):
            columns = 80
        super().__init__(prog, max_help_position=28, width=max(40, columns - 2))


def _peer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER", help=PEER)


def room(parser: argparse.ArgumentParser) -> None:
    """The argument of commands about a conversation."""
    parser.add_argument("room", metavar="PEER|#room", help=ROOM)


def _message(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("message", metavar="ID", help=MESSAGE)


def _edit(parser: argparse.ArgumentParser) -> None:
    _message(parser)
    parser.add_argument("text", metavar="TEXT", nargs="*", help=TEXT)


def _react(parser: argparse.ArgumentParser) -> None:
    _message(parser)
    parser.add_argument("emoji", metavar="EMOJI", help="one emoji, or a short word")
    parser.add_argument("--remove", action="store_true", help="take it back")


def _topic(parser: argparse.ArgumentParser) -> None:
    room(parser)
    parser.add_argument("text", metavar="TEXT", nargs="*", help="nothing: show it; '': take it away")


def _mute(parser: argparse.ArgumentParser) -> None:
    room(parser)
    parser.add_argument("--mentions", action="store_true", help="but for what mentions you: @YOU or @room")


def _peers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help="go on with a line for every change")


def _send(parser: argparse.ArgumentParser) -> None:
    room(parser)
    parser.add_argument("text", metavar="TEXT", nargs="*", help=TEXT)
    parser.add_argument("--reply", metavar="ID", help=f"the message it answers: {MESSAGE}")
    parser.add_argument("--token", help="send the same token again and the message is still stored once")
    parser.add_argument(
        "--wait", type=float, metavar="SECONDS", help="wait until it is delivered; exit code 6 if not"
    )


def _history(parser: argparse.ArgumentParser) -> None:
    room(parser)
    parser.add_argument(
        "-n", type=positive, default=50, metavar="N", help="how many messages (50)", dest="count"
    )
    parser.add_argument("--ids", action="store_true", help="begin each line with the id of its message")


def _desktop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hidden", action="store_true", help="only the icon in the tray, no window")


def _search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", metavar="WORD", nargs="*", help="in any order, also within others; '\"so it\"' as it is"
    )
    parser.add_argument("--in", metavar="PEER|#room", help="only this conversation", dest="room")
    parser.add_argument(
        "--from", metavar="WHO", help="only what they wrote (you: your own name)", dest="author"
    )
    parser.add_argument("--since", metavar="DATE", help="from this day on, as 2026-03-31")
    parser.add_argument("--until", metavar="DATE", help="up to this day")
    parser.add_argument(
        "-n", type=positive, default=50, metavar="N", help="how many messages (50)", dest="count"
    )
    parser.add_argument("--ids", action="store_true", help="begin each line with the id of its message")


def _listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("room", metavar="PEER|#room", nargs="?", help="only this one")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", metavar="[PEER] NAME", nargs="*", help="your name, or your own name for a peer ('')"
    )


def _presence(parser: argparse.ArgumentParser) -> None:
    states = ["online", "away", "busy", "invisible"]
    parser.add_argument("presence", nargs="?", choices=states, help="nothing: show it")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="what others read beside your name")
    parser.add_argument("--until", metavar="TIME", help="15:30, 45m or 2h; then online again")


def _id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "peer", metavar="PEER", nargs="?", help="also the safety number you share with this peer"
    )


def _verify(parser: argparse.ArgumentParser) -> None:
    _peer(parser)
    parser.add_argument("--yes", action="store_true", help="the numbers have been compared: do not ask")
    parser.add_argument("--undo", action="store_true", help="take it back")


def _passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["set", "change", "remove"])


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", choices=["list", "get", "set", "unset"], default="list")
    parser.add_argument("key", nargs="?", metavar="KEY")
    parser.add_argument("value", nargs="?", metavar="VALUE", help="lists: comma between; switches: on or off")


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="HOST, HOST:PORT or [IPV6]:PORT")


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--share", action="store_true", help="without names and addresses, to show to somebody else"
    )


def _team_deeds() -> dict[str, Command]:
    from p2pim.cli.team_parser import TEAM  # noqa: PLC0415 (most commands have no such part)

    return TEAM


def _of_files(name: str) -> Callable[[argparse.ArgumentParser], object]:
    def add(parser: argparse.ArgumentParser) -> None:
        from p2pim.cli import file_parser  # noqa: PLC0415

        getattr(file_parser, name)(parser)

    return add


def _file_deeds() -> dict[str, Command]:
    from p2pim.cli.file_parser import FILE  # noqa: PLC0415

    return FILE


def _room_deeds() -> dict[str, Command]:
    from p2pim.cli.team_parser import ROOM  # noqa: PLC0415

    return ROOM


COMMANDS: dict[str, Command] = {
    "start": Command("service:start", "start the daemon"),
    "stop": Command("service:stop", "stop the daemon"),
    "status": Command("service:status", "show how things are"),
    "peers": Command("people:peers", "list the people known here", _peers),
    "rooms": Command("rooms:list_rooms", "list your conversations, the newest first"),
    "send": Command("talk:send", "write a message", _send),
    "edit": Command("revise:edit", "put other words in place of a message of yours", _edit),
    "delete": Command(
        "revise:delete",
        "delete a message of yours",
        _message,
        "It is erased here; everybody else's p2pim is asked to do the same.",
    ),
    "react": Command("revise:react", "put an emoji to a message", _react),
    "topic": Command("revise:topic", "show or say what a conversation is about", _topic),
    "mute": Command(
        "rooms:mute",
        "let a conversation draw no attention",
        _mute,
        "It goes on arriving and can be read; nobody is told.",
    ),
    "unmute": Command("rooms:unmute", "let a conversation draw attention again", room),
    "desktop": Command("desktop:desktop", "open the window; its icon stays in the tray", _desktop),
    "chat": Command("chat:chat", "talk: history, then live", room),
    "history": Command("talk:history", "show messages", _history, "Shown to a person, they count as read."),
    "search": Command("search:search", "find messages in all conversations", _search),
    "listen": Command("talk:listen", "follow what happens", _listen),
    "name": Command("people:name", "show or choose your name, or name a peer for yourself", _name),
    "presence": Command("people:presence", "show or set your presence", _presence),
    "id": Command("people:show_id", "show your id, or a peer's with the safety number", _id),
    "verify": Command("people:verify", "compare safety numbers with a peer", _verify),
    "accept": Command("people:accept", "accept a message request", _peer),
    "decline": Command("people:decline", "decline a message request", _peer),
    "block": Command("people:block", "hear and tell a peer nothing any more", _peer),
    "unblock": Command("people:unblock", "take a block back", _peer),
    "passphrase": Command(
        "care:passphrase",
        "protect your identity key with a passphrase",
        _passphrase,
        f"It protects the key, not the messages. {_ASKED}",
    ),
    "unlock": Command("care:unlock", "give the passphrase of a locked daemon", details=_ASKED),
    "backup": Command(
        "care:backup", "write identity, messages and settings to one encrypted file", _file, _ASKED
    ),
    "restore": Command("care:restore", "fill an empty profile from a backup", _file, _ASKED),
    "team": Command(
        "team:list_teams", "found, join and run a team", details="Alone: list yours.", deeds=_team_deeds
    ),
    "room": Command(
        "rooms:list_rooms",
        "found and archive rooms of a team",
        details="Alone: list your conversations, as `p2pim rooms` does.",
        deeds=_room_deeds,
    ),
    "send-file": Command("files:send_file", "offer a file or folder", _of_files("send_file")),
    "files": Command("files:files", "show what was offered", _of_files("files")),
    "get": Command("files:get", "fetch a file somebody has offered", _of_files("get")),
    "file": Command(
        "files:files", "accept, decline, pause, resume or cancel", _of_files("all_files"), deeds=_file_deeds
    ),
    "add": Command("service:add", "connect to an address that no discovery finds", _add),
    "address": Command("service:address", "what a colleague can type to connect to this machine"),
    "config": Command("service:config", "show or change settings", _config),
    "policy": Command(
        "service:policy",
        "show the rules of this machine's administrator and of your teams",
        details="The machine's file is read when the daemon starts.",
    ),
    "doctor": Command("doctor:doctor", "find out what hinders", _doctor),
    "demo": Command("demo:demo", "see three peers talk on this machine alone, one of them killed"),
}


def parse(arguments: list[str]) -> argparse.Namespace:
    """Options of one run; SystemExit with code 2 and a sentence where there are none such."""
    parser = argparse.ArgumentParser(
        prog="p2pim",
        description="Talk to colleagues on the same network: no server, no account.\n"
        "Without a command: the window where there is a display, else the lobby in the terminal.",
        epilog=_epilog(),
        formatter_class=_Formatter,
        parents=[_common()],
    )
    parser.add_argument("-V", "--version", action="version", version=f"p2pim {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", title="commands", dest="command", prog="p2pim")
    # Building all twenty costs more than everything else here: all only where all are listed.
    names = [word for word in COMMANDS if word in arguments]
    if not names or not (arguments[0] in COMMANDS or arguments[0] in ("--home", "--json")):
        names = list(COMMANDS)
    for name in names:
        _add_command(subparsers, name, COMMANDS[name], arguments)
    defaults = argparse.Namespace(home=None, json=False)
    options = parser.parse_args(arguments, defaults)
    if not options.command:
        options.act = "desktop:start"
    return options


def _common() -> argparse.ArgumentParser:
    """What every command takes, at any place."""
    common = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, formatter_class=_Formatter
    )
    common.add_argument("--home", metavar="DIR", help="keep everything under DIR (or set P2PIM_HOME)")
    common.add_argument("--json", action="store_true", help="print JSON, one value a line")
    return common


def _add_command(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
    arguments: list[str],
) -> None:
    parser = subparsers.add_parser(
        name,
        help=command.help,
        description=_sentence(command),
        parents=[_common()],
        formatter_class=_Formatter,
    )
    parser.set_defaults(act=command.act, usage=parser.error)
    command.arguments(parser)
    if deeds := command.deeds() if name in arguments else {}:
        within = parser.add_subparsers(metavar="WHAT", title="what to do", prog=parser.prog)
        asked = _word_after(name, arguments)
        for deed in [asked] if asked in deeds else deeds:
            _add_command(within, deed, deeds[deed], arguments)


def _word_after(command: str, arguments: list[str]) -> str:
    """What follows a command, options and the value of --home left out; "" where that is nothing."""
    words = [
        word
        for before, word in zip(["", *arguments], arguments, strict=False)
        if before != "--home" and not word.startswith("-")
    ]
    return next(iter(words[words.index(command) + 1 :]), "") if command in words else ""


def _sentence(command: Command) -> str:
    return f"{command.help[0].upper()}{command.help[1:]}. {command.details}".strip()


def positive(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _epilog() -> str:
    codes = "\n".join(f"  {code:3}  {meaning}" for code, meaning in MEANINGS.items())
    return f"`p2pim COMMAND --help` tells more.\n\nexit codes:\n{codes}"
