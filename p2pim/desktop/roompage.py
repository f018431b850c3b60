"""The details of a room: what it is about, who is in it, and what those may do who lead it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton

from p2pim.desktop.markup import one_line
from p2pim.desktop.page import Page
from p2pim.desktop.words import presence_word

if TYPE_CHECKING:
    from p2pim.api import schema, team_schema
    from p2pim.desktop.desk import Desk

LEADERS = ("owner", "admin")


class RoomPage(Page):
    """One room's page."""

    #: The team into which somebody is to be invited.
    invites = Signal(str)
    #: The team in which a room is to be founded.
    new_room = Signal(str)

    def __init__(self, desk: Desk, room: schema.Room) -> None:
        super().__init__()
        self._desk = desk
        self._room = room
        self.heading(one_line(room["name"]))
        if room["members"] is None:
            self.line(self.tr("Everybody on this network reads this, for a week. It is not private."))
            self._topic()
            return
        self.line(self.tr("You are {role} here.").format(role=room["role"]))
        if room["role"] not in (*LEADERS, "member"):
            return
        self._topic()
        if room["kind"] == "team":
            self._team()
        self.heading(self.tr("Members"))
        self._members_from = self._column.count()
        self._wait = self.line("…")
        self._desk.do("team.members", self.filled(self._show_members), room=room["room"])

    def _ask(self, method: str, **params: Any) -> None:
        self._desk.do(method, room=self._room["room"], **params)

    def _topic(self) -> None:
        name = self.tr("What it is about")
        self.field(name, one_line(self._room["topic"]), lambda text: self._ask("rooms.topic", topic=text))

    def _team(self) -> None:
        team = self._room["room"]
        if self._room["role"] in LEADERS:
            name = one_line(self._room["name"]).removeprefix("#")
            self.field(self.tr("Name of the team"), name, lambda text: self._ask("team.rename", name=text))
            self.button(self.tr("Invite …"), lambda: self.invites.emit(team))
        self.button(self.tr("New room …"), lambda: self.new_room.emit(team))

    def _show_members(self, found: list[team_schema.Member]) -> None:
        self._wait.hide()
        for number, member in enumerate(found):
            row = self._member(member)
            self._column.insertLayout(self._members_from + 1 + number, row)
        self._leave()

    def _member(self, member: team_schema.Member) -> QHBoxLayout:
        row = QHBoxLayout()
        role = "" if member["role"] == "member" else f" ({member['role']})"
        state = self.tr("you") if member["mine"] else presence_word(member["presence"])
        label = QLabel(f"{one_line(member['name'])}{role}: {state}")
        row.addWidget(label, 1)
        may = self._room["role"] == "owner" or (self._room["role"] == "admin" and member["role"] == "member")
        if may and not member["mine"] and member["role"] != "owner" and self._room["kind"] != "channel":
            button = QToolButton()
            button.setText("⋯")
            button.setAccessibleName(
                self.tr("What can be done with {name}").format(name=one_line(member["name"]))
            )
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            button.setMenu(self._menu(member))
            row.addWidget(button)
        return row

    def _menu(self, member: team_schema.Member) -> QMenu:
        menu, peer = QMenu(self), member["peer_id"]
        if self._room["role"] == "owner":
            other = "member" if member["role"] == "admin" else "admin"
            said = self.tr("Make an ordinary member") if other == "member" else self.tr("Make an admin")
            menu.addAction(said).triggered.connect(lambda: self._ask("team.grant", peer=peer, role=other))
        menu.addAction(self.tr("Remove")).triggered.connect(lambda: self._ask("team.remove", peer=peer))
        return menu

    def _leave(self) -> None:
        leads = self._room["role"] == "owner"
        if not leads and self._room["kind"] != "channel":
            sure = self.tr("Really leave? Only an invite brings you back.")
            self.careful(self.tr("Leave"), sure, lambda: self._ask("team.leave"))
        if self._room["role"] in LEADERS and self._room["kind"] != "team":
            archived = self._room["archived"]
            said = self.tr("Open it again") if archived else self.tr("Archive: nothing more is written here")
            self.button(said, lambda: self._ask("room.archive", archived=not archived))
