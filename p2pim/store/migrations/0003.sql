-- Teams: rooms with a control set, networks of their own, invitations under way.

ALTER TABLE rooms ADD COLUMN parent BLOB;         -- the team that a channel or group belongs to

CREATE TABLE control (                            -- who may do what; never erased
  id        BLOB PRIMARY KEY CHECK (length(id) = 32),
  room      INTEGER NOT NULL REFERENCES rooms (number),
  header    BLOB NOT NULL,                        -- the exact bytes that were signed
  signature BLOB NOT NULL,
  content   BLOB NOT NULL,
  received  INTEGER NOT NULL                      -- ms
) STRICT, WITHOUT ROWID;
CREATE INDEX control_room ON control (room);

ALTER TABLE messages ADD COLUMN void INTEGER NOT NULL DEFAULT 0;  -- its author had no right to write at its clock

CREATE TABLE secrets (                            -- of networks that were a team's current one here
  secret BLOB PRIMARY KEY CHECK (length(secret) = 32),
  team   BLOB NOT NULL,
  since  INTEGER NOT NULL                         -- ms
) STRICT, WITHOUT ROWID;

CREATE TABLE joins (                              -- codes entered here whose team is not known yet
  secret    BLOB PRIMARY KEY CHECK (length(secret) = 32),
  seed      BLOB NOT NULL,
  bind      BLOB NOT NULL,
  since     INTEGER NOT NULL                      -- ms
) STRICT, WITHOUT ROWID;
