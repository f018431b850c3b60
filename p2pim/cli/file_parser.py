"""What the commands about files take. Loaded only with one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.cli.parser import Command, positive, room

if TYPE_CHECKING:
    import argparse

_OFFER = "6 or more leading digits of its id, as `p2pim files` shows them"


def send_file(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``send-file``."""
    room(parser)
    parser.add_argument("path", metavar="FILE", help="a file, or a folder with all that is in it")


def files(parser: argparse.ArgumentParser) -> None:
    """Those of ``files``."""
    parser.add_argument("words", metavar="WORD", nargs="*", help="only files whose names have these")
    parser.add_argument("--in", metavar="PEER|#room", help="only this conversation", dest="room")
    parser.add_argument("-n", type=positive, default=50, metavar="N", help="how many (50)", dest="count")


def get(parser: argparse.ArgumentParser) -> None:
    """Those of ``get``."""
    parser.add_argument("name", metavar="FILE", help="the name it was offered under")
    parser.add_argument("--from", metavar="PEER", required=True, help="who has offered it", dest="author")
    _to(parser)


def all_files(parser: argparse.ArgumentParser) -> None:
    """``file`` alone lists what there is."""
    parser.set_defaults(words=[], room=None, count=50)


def _to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="DIR", help="the folder to put it in")


def _offer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("message", metavar="ID", help=_OFFER)


def _accept(parser: argparse.ArgumentParser) -> None:
    _offer(parser)
    _to(parser)
    parser.add_argument("--wait", action="store_true", help="until it is here; exit code 1 if it cannot be")


FILE = {
    "accept": Command("files:accept", "fetch it as soon as somebody who has it is here", _accept),
    "decline": Command("files:decline", "say that you do not want it", _offer),
    "pause": Command("files:pause", "stop it for now; what has come stays", _offer),
    "resume": Command("files:resume", "go on where it stopped", _offer),
    "cancel": Command("files:cancel", "throw away what has come of it", _offer),
}
