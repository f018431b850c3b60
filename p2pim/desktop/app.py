"""Puts the desktop program together: the bridge to the daemon, the window, the tray, and what leads where."""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QSettings, QSocketNotifier, QTimer
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog

from p2pim.api.launch import module_command
from p2pim.config.paths import Paths, make_private
from p2pim.desktop import dialogs, idle, theme
from p2pim.desktop.attention import notice_of
from p2pim.desktop.bridge import Bridge
from p2pim.desktop.composer import Draft
from p2pim.desktop.desk import Desk
from p2pim.desktop.language import speak
from p2pim.desktop.markup import one_line
from p2pim.desktop.notifier import Notifier
from p2pim.desktop.preferences import Preferences, PreferencesWindow
from p2pim.desktop.single import Single
from p2pim.desktop.teams import InviteWindow, RoomWindow, TeamWindow
from p2pim.desktop.tray import Tray, icon
from p2pim.desktop.window import Window
from p2pim.errors import P2pimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pim.api import schema


#: Milliseconds between two looks at whether the user is there.
WATCH = 10_000


class App:
    """The program of one profile."""

    def __init__(
        self, paths: Paths, bridge: Bridge, notifier: Notifier | None = None, single: Single | None = None
    ) -> None:
        self._paths = paths
        self.settings = QSettings(str(paths.data / "desktop.ini"), QSettings.Format.IniFormat)
        self.bridge = bridge
        self.desk = Desk(bridge)
        self.preferences = Preferences(self.settings)
        self.desk.texts = self.preferences.texts
        self._font = QApplication.font()
        self.window = Window(self.desk, self._apply_theme(), self.settings)
        self.tray = Tray(self.desk)
        self.notifier = notifier
        self._away = idle.Away(self.preferences.away_minutes)
        self._watch = QTimer()
        self._watch.setInterval(WATCH)
        self._watch.timeout.connect(self.look_who_is_there)
        self._dialogs: dict[str, QDialog] = {}
        self._greeted = False
        self._connect()
        if single is not None:
            single.asked.connect(self.window.raise_)

    def _apply_theme(self) -> theme.Theme:
        chosen = theme.chosen(self.preferences.appearance)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.setStyle("Fusion")
        font = QFont(self._font)
        font.setPointSizeF(max(6.0, font.pointSizeF() + self.preferences.font))
        application.setFont(font)
        application.setPalette(theme.palette(chosen))
        application.setStyleSheet(theme.style_sheet(chosen))
        return chosen

    def _connect(self) -> None:
        window, tray = self.window, self.tray
        window.closed.connect(self._closed)
        window.wants_switcher.connect(self.switch)
        window.wants_search.connect(self.search)
        window.wants_team.connect(self.teams)
        window.wants_status.connect(
            lambda: self._show("status", dialogs.StatusWindow(self.desk, parent=window))
        )
        window.wants_doctor.connect(self.doctor)
        window.wants_settings.connect(self.choose)
        window.wants_help.connect(lambda: self._show("keys", dialogs.KeysWindow(window)))
        window.wants_quit.connect(self.quit)
        window.details.invites.connect(self.invite)
        window.details.new_room.connect(self.new_room)
        tray.wants_window.connect(window.raise_)
        tray.wants_room.connect(self._show_room)
        tray.wants_doctor.connect(self.doctor)
        tray.wants_quit.connect(self.quit)
        self.desk.changed.connect(self._greet)
        self.desk.alerted.connect(self._alert)
        self.bridge.locked.connect(lambda: self._show("unlock", dialogs.UnlockWindow(self.desk, self.window)))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.show_theme)
        if self.notifier is not None:
            self.notifier.clicked.connect(self._show_room)
            self.notifier.replied.connect(lambda room, text: self.desk.send(room, Draft(text)))
            self.notifier.missing.connect(self._lacks_notifications)

    def start(self, *, hidden: bool = False) -> None:
        """Show the window, or only the icon; where there is no tray the window waits in the task bar."""
        self.tray.start()
        if not hidden:
            self.window.show()
        elif not self.tray.is_available:
            self.window.showMinimized()
        self.bridge.start()
        self._watch.start()
        self._lacks_emoji()
        if self.notifier is not None:
            self.notifier.start()

    def show_theme(self, _: object = None) -> None:
        """Draw in the colours of now."""
        chosen = self._apply_theme()
        self.window.list.show_theme(chosen)
        self.window.pane.messages.show_theme(chosen)

    def quit(self) -> None:
        """The user wants to be gone: the daemon ends too, if it was started from here."""
        self.end(daemon=True)

    def end(self, *, daemon: bool = False) -> None:
        """End the program."""
        self.window.may_close = True
        self.window.close()
        self._keep_drafts()
        self.tray.icon.hide()
        self._watch.stop()
        if self.notifier is not None:
            self.notifier.stop()
        self.bridge.stop(daemon=daemon)
        QApplication.quit()

    # -- windows

    def _show(self, name: str, dialog: QDialog) -> None:
        """Show a small window, in place of one of its kind that is open."""
        if (before := self._dialogs.pop(name, None)) is not None:
            before.close()
        self._dialogs[name] = dialog
        dialog.destroyed.connect(lambda: self._dialogs.pop(name, None))
        dialog.show()

    def switch(self) -> None:
        """Go to a conversation by its name."""
        dialog = dialogs.Switcher(self.desk, self.window)
        dialog.chosen.connect(self._show_room)
        self._show("switcher", dialog)

    def search(self) -> None:
        """Search all messages."""
        dialog = dialogs.SearchWindow(self.desk, parent=self.window)
        dialog.chosen.connect(self.window.show_message)
        self._show("search", dialog)

    def teams(self) -> None:
        """Create or join a team."""
        self._teams(first=False)

    def _teams(self, *, first: bool) -> None:
        dialog = TeamWindow(self.desk, first=first, parent=self.window)
        dialog.created.connect(self._show_room)
        self._show("teams", dialog)

    def invite(self, team: str) -> None:
        """Invite somebody into a team."""
        self._show("invite", InviteWindow(self.desk, team, self.window))

    def new_room(self, team: str) -> None:
        """Found a room in a team."""
        dialog = RoomWindow(self.desk, team, self.window)
        dialog.created.connect(self._show_room)
        self._show("room", dialog)

    def doctor(self) -> None:
        """Look at what hinders."""
        self.window.raise_()
        self._show("doctor", dialogs.DoctorWindow(self.desk, self.window))

    def _show_room(self, room: str) -> None:
        self.window.raise_()
        self.window.show_room(room)

    def _closed(self) -> None:
        """The window was closed: it waits in the tray, or in the task bar where there is none."""
        self._keep_drafts()
        if self.tray.is_available:
            self.window.hide()
            return
        self.window.showMinimized()
        said = self.window.tr("There is no tray here: p2pim waits in the task bar. Quit it with Ctrl+Q.")
        self._say_once("said_no_tray", said)

    def _keep_drafts(self) -> None:
        self.preferences.put(drafts=json.dumps(self.desk.texts))

    def _say_once(self, key: str, text: str) -> None:
        """Say something about this desktop, once for ever."""
        if not self.settings.value(key, False, type=bool):
            self.settings.setValue(key, True)
            self.window.notes.say(text)

    def _greet(self) -> None:
        """Ask a new user for a name, once."""
        status = self.desk.office.status
        if self._greeted or status is None or status["state"] != "running":
            return
        self._greeted = True
        if not status["nickname"] and not self.settings.value("greeted", False, type=bool):
            self.settings.setValue("greeted", True)
            self._teams(first=True)

    def _alert(self, message: schema.Message) -> None:
        """Draw attention to a message, without ever taking the focus."""
        window = self.window
        notice = notice_of(
            message,
            self.desk.office.name_of(message["room"]),
            self.preferences.wishes,
            in_sight=window.isActiveWindow() and window.pane.room == message["room"],
            now=time.time(),
        )
        if notice is None:
            return
        if not window.isActiveWindow():
            QApplication.alert(window)
        if self.notifier is not None:
            self.notifier.show(notice)

    def _lacks_notifications(self, why: str) -> None:
        """The tray and the task bar still tell."""
        said = self.window.tr("This desktop shows no notifications ({why}); the icon still counts.")
        self._say_once("said_no_notifications", said.format(why=one_line(why)))

    def _lacks_emoji(self) -> None:
        """Without a font in colour emoji are small and grey, or boxes."""
        families = " ".join(QFontDatabase.families()).lower()
        if sys.platform.startswith("linux") and "emoji" not in families:
            said = self.window.tr(
                "No font has emoji in colour: on Debian, apt install fonts-noto-color-emoji"
            )
            self._say_once("said_no_emoji", said)

    def look_who_is_there(self) -> None:
        """Say that the user is away, or back, where that is known."""
        status = self.desk.office.status
        if status is None or not self.desk.is_reachable:
            return
        self._away.minutes = self.preferences.away_minutes
        presence = self._away.step(idle.look(), status["presence"])
        if presence is not None:
            self.desk.do("presence.set", presence=presence)

    def choose(self) -> None:
        """The settings."""
        command = [*module_command("p2pim.desktop", self._paths), "--hidden"]
        dialog = PreferencesWindow(self.desk, self.preferences, command, self._paths.config_file, self.window)
        dialog.changed.connect(self.show_theme)
        self._show("settings", dialog)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="p2pim desktop", description="The desktop program of p2pim.")
    parser.add_argument("--home", metavar="DIR", help="a profile of its own, everything in this folder")
    parser.add_argument("--hidden", action="store_true", help="only the icon in the tray, no window")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run it to its end."""
    options = arguments(sys.argv[1:] if given is None else given)
    paths = Paths.chosen(options.home)
    application = QApplication(["p2pim"])
    application.setApplicationName("p2pim")
    application.setDesktopFileName("p2pim")
    application.setQuitOnLastWindowClosed(False)
    application.setWindowIcon(icon())
    speak(application, QLocale.system())
    try:
        paths.prepare()
        make_private(paths.runtime)
    except P2pimError as error:
        sys.stderr.write(f"p2pim: {error}\n")
        return 1
    single = Single(paths)
    if not single.is_first():
        return 0
    app = App(paths, Bridge(paths), Notifier(), single)
    listening = _quit_on_signals(app)
    app.start(hidden=options.hidden)
    code = application.exec()
    single.close()
    del listening
    return code


def _quit_on_signals(app: App) -> QSocketNotifier:
    """SIGTERM and Ctrl-C end it properly: Python's handlers run only when Qt gives way, so a socket wakes it."""
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    signal.set_wakeup_fd(writing.fileno())
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)
    notifier.setProperty("sockets", (reading, writing))
    notifier.activated.connect(lambda *_: app.end())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return notifier
