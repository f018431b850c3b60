-- Files: what can be served from here, what was offered to us and how far that is, what others said of our offers.

CREATE TABLE holdings (
  root    BLOB PRIMARY KEY CHECK (length(root) = 32),
  size    INTEGER NOT NULL,
  listing BLOB NOT NULL,                        -- hashes of the chunks, then the manifest
  entries BLOB NOT NULL                         -- MessagePack [[path, size, mtime_ns]…]
) STRICT;

CREATE TABLE transfers (
  offer  BLOB PRIMARY KEY CHECK (length(offer) = 32),
  root   BLOB NOT NULL CHECK (length(root) = 32),
  state  TEXT NOT NULL,                         -- see store/files.py
  folder TEXT NOT NULL,                         -- where it goes
  name   TEXT NOT NULL,                         -- of its private folder there, while it is not complete
  path   TEXT NOT NULL DEFAULT '',              -- where it is
  detail TEXT NOT NULL DEFAULT '',
  at_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX transfers_by_state ON transfers (state, at_ms);

CREATE TABLE reports (
  offer BLOB NOT NULL CHECK (length(offer) = 32),
  peer  BLOB NOT NULL CHECK (length(peer) = 32),
  state INTEGER NOT NULL,                       -- as FSTATE has it
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (offer, peer)
) STRICT, WITHOUT ROWID;

-- who offers a root: whoever may see one of these offers may have it
CREATE TABLE offers (
  root    BLOB NOT NULL,
  message INTEGER NOT NULL,                     -- messages.seq
  PRIMARY KEY (root, message)
) STRICT, WITHOUT ROWID;

CREATE INDEX offers_by_message ON offers (message);

CREATE TRIGGER offer_added AFTER INSERT ON messages
WHEN new.kind = 5 AND offer_root(new.content) NOT NULL
BEGIN
  INSERT INTO offers (root, message) VALUES (offer_root(new.content), new.seq);
END;

CREATE TRIGGER offer_filled AFTER UPDATE OF content ON messages
WHEN new.kind = 5 AND offer_root(new.content) NOT NULL
BEGIN
  INSERT OR IGNORE INTO offers (root, message) VALUES (offer_root(new.content), new.seq);
END;

CREATE TRIGGER offer_erased AFTER UPDATE OF content ON messages
WHEN old.kind = 5 AND new.content IS NULL
BEGIN
  DELETE FROM offers WHERE message = old.seq;
END;

CREATE TRIGGER offer_removed AFTER DELETE ON messages
WHEN old.kind = 5
BEGIN
  DELETE FROM offers WHERE message = old.seq;
END;

INSERT INTO offers (root, message)
SELECT offer_root(content), seq FROM messages WHERE kind = 5 AND offer_root(content) NOT NULL;

-- offers are found by their names
DROP TRIGGER search_added;
DROP TRIGGER search_filled;
DROP TRIGGER search_erased;
DROP TRIGGER search_removed;

CREATE TRIGGER search_added AFTER INSERT ON messages
WHEN new.content NOT NULL AND new.kind IN (1, 2, 5)
BEGIN
  INSERT INTO search (rowid, terms) VALUES (new.seq, search_terms(new.content));
END;

CREATE TRIGGER search_filled AFTER UPDATE OF content ON messages
WHEN old.content IS NULL AND new.content NOT NULL AND new.kind IN (1, 2, 5)
BEGIN
  INSERT INTO search (rowid, terms) VALUES (new.seq, search_terms(new.content));
END;

CREATE TRIGGER search_erased AFTER UPDATE OF content ON messages
WHEN old.content NOT NULL AND new.content IS NULL AND old.kind IN (1, 2, 5)
BEGIN
  INSERT INTO search (search, rowid, terms) VALUES ('delete', old.seq, search_terms(old.content));
  INSERT OR REPLACE INTO profile (key, value) VALUES ('search_erased', '1');
END;

CREATE TRIGGER search_removed AFTER DELETE ON messages
WHEN old.content NOT NULL AND old.kind IN (1, 2, 5)
BEGIN
  INSERT INTO search (search, rowid, terms) VALUES ('delete', old.seq, search_terms(old.content));
  INSERT OR REPLACE INTO profile (key, value) VALUES ('search_erased', '1');
END;

INSERT INTO search (rowid, terms)
SELECT seq, search_terms(content) FROM messages WHERE content NOT NULL AND kind = 5 ORDER BY seq;
