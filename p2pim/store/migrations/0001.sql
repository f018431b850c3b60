-- The first schema: identities, rooms, messages and what is known of their delivery.

CREATE TABLE profile (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE peers (
  id         BLOB PRIMARY KEY CHECK (length(id) = 32),
  nickname   TEXT NOT NULL DEFAULT '',          -- as they call themselves
  petname    TEXT NOT NULL DEFAULT '',          -- as the user calls them
  trust      INTEGER NOT NULL DEFAULT 0,        -- protocol/trust.py
  blocked    INTEGER NOT NULL DEFAULT 0,
  request    INTEGER NOT NULL DEFAULT 0,        -- protocol/trust.py
  last_seen  INTEGER                            -- ms, a Link with them was open
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
  number INTEGER PRIMARY KEY,
  id     BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  kind   INTEGER NOT NULL,                      -- protocol/room.py
  peer   BLOB REFERENCES peers (id)             -- the other party of a DM
) STRICT;

CREATE TABLE messages (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival here
  id        BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  room      INTEGER NOT NULL REFERENCES rooms (number),
  author    BLOB NOT NULL,
  clock     INTEGER NOT NULL,
  kind      INTEGER NOT NULL,
  header    BLOB NOT NULL,                      -- the exact bytes that were signed
  signature BLOB NOT NULL,
  content   BLOB,                               -- NULL: not here
  received  INTEGER NOT NULL,                   -- ms
  hidden    INTEGER NOT NULL DEFAULT 0,         -- clock too far ahead: not yet due
  unread    INTEGER NOT NULL DEFAULT 0,
  waiting   INTEGER NOT NULL DEFAULT 0,         -- own, and nobody it is for has stored it yet
  sealed    INTEGER NOT NULL DEFAULT 0,         -- on this machine, not received from one
  head      INTEGER NOT NULL DEFAULT 0,         -- no message held here names it as parent
  token     TEXT                                -- the client's, so that a repeated send stores once
) STRICT;

CREATE INDEX messages_order ON messages (room, clock, id);
CREATE UNIQUE INDEX messages_token ON messages (token) WHERE token IS NOT NULL;
CREATE INDEX messages_hidden ON messages (clock) WHERE hidden = 1;
CREATE INDEX messages_unread ON messages (room) WHERE unread = 1;
CREATE INDEX messages_waiting ON messages (room) WHERE waiting = 1;
CREATE INDEX messages_head ON messages (room, clock, id) WHERE head = 1;

CREATE TABLE gaps (                             -- parents that are named but not held
  parent BLOB NOT NULL,
  child  INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_child ON gaps (child);

CREATE TABLE deliveries (
  message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  peer    BLOB NOT NULL,
  code    INTEGER NOT NULL,                     -- the Ack's: 0 stored there, 1 no space there, 3 not accepted yet
  at      INTEGER NOT NULL,                     -- ms
  PRIMARY KEY (message, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE addresses (
  host    TEXT NOT NULL,
  port    INTEGER NOT NULL,
  peer    BLOB,
  last_ok INTEGER NOT NULL,                     -- ms, a handshake with it succeeded
  PRIMARY KEY (host, port)
) STRICT, WITHOUT ROWID;
