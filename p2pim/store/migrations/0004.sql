-- Sealed boxes: keys to open one's own, what others say theirs are, boxes held for others, boxes others hold for us.

CREATE TABLE box_keys (
  private BLOB PRIMARY KEY CHECK (length(private) = 32),
  made    INTEGER NOT NULL,                       -- ms
  retired INTEGER                                 -- ms; NULL: the current one
) STRICT, WITHOUT ROWID;

CREATE TABLE peer_records (
  peer      BLOB PRIMARY KEY CHECK (length(peer) = 32),
  seq       INTEGER NOT NULL,                     -- the subject's; the highest counts
  record    BLOB NOT NULL,                        -- the exact bytes that were signed
  signature BLOB NOT NULL,
  received  INTEGER NOT NULL                      -- ms
) STRICT, WITHOUT ROWID;

CREATE TABLE held_boxes (                         -- for others
  digest    BLOB PRIMARY KEY CHECK (length(digest) = 32),
  sender    BLOB NOT NULL,
  recipient BLOB NOT NULL,
  expiry    INTEGER NOT NULL,                     -- ms
  size      INTEGER NOT NULL,                     -- 0 once it is handed over
  box       BLOB                                  -- NULL: handed over, and its sender is to be told
) STRICT;
CREATE INDEX held_boxes_recipient ON held_boxes (recipient);
CREATE INDEX held_boxes_sender ON held_boxes (sender);

CREATE TABLE sent_boxes (                         -- of ours
  digest    BLOB PRIMARY KEY CHECK (length(digest) = 32),
  recipient BLOB NOT NULL,
  expiry    INTEGER NOT NULL,                     -- ms
  box       BLOB NOT NULL
) STRICT;

CREATE INDEX sent_boxes_recipient ON sent_boxes (recipient);

CREATE TABLE boxed (                              -- which of our messages are in which
  message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  box     BLOB NOT NULL REFERENCES sent_boxes (digest) ON DELETE CASCADE,
  PRIMARY KEY (message, box)
) STRICT, WITHOUT ROWID;
CREATE INDEX boxed_box ON boxed (box);

CREATE TABLE box_holders (
  box    BLOB NOT NULL REFERENCES sent_boxes (digest) ON DELETE CASCADE,
  holder BLOB NOT NULL,
  code   INTEGER NOT NULL,                        -- the BOXACK's: 0 held there, 2 handed over, as they say
  at     INTEGER NOT NULL,                        -- ms
  PRIMARY KEY (box, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_sealed ON messages (room, clock) WHERE sealed = 1;
