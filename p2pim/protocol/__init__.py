"""The wire protocol, pure: no clock, socket, file or thread in here."""
