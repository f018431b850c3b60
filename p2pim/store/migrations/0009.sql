-- Where the machines of team-mates can be reached, as they say themselves.

CREATE TABLE routes (
  peer      BLOB NOT NULL CHECK (length(peer) = 32),
  boot      BLOB NOT NULL CHECK (length(boot) = 8),
  seq       INTEGER NOT NULL,
  record    BLOB NOT NULL,                        -- the exact bytes that were signed
  signature BLOB NOT NULL,
  PRIMARY KEY (peer, boot)
) STRICT, WITHOUT ROWID;
