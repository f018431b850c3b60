-- Full-text search: of every text and edit that is here the terms of its words (store/folding.py), by its seq. Triggers
-- follow ``content``, so that what is erased from there is erased here, whoever erases it. The index holds no text.

CREATE VIRTUAL TABLE search USING fts5 (terms, content = '', detail = none, columnsize = 0, tokenize = 'ascii');

CREATE TRIGGER search_added AFTER INSERT ON messages
WHEN new.content NOT NULL AND new.kind IN (1, 2)
BEGIN
  INSERT INTO search (rowid, terms) VALUES (new.seq, search_terms(new.content));
END;

CREATE TRIGGER search_filled AFTER UPDATE OF content ON messages
WHEN old.content IS NULL AND new.content NOT NULL AND new.kind IN (1, 2)
BEGIN
  INSERT INTO search (rowid, terms) VALUES (new.seq, search_terms(new.content));
END;

CREATE TRIGGER search_erased AFTER UPDATE OF content ON messages
WHEN old.content NOT NULL AND new.content IS NULL AND old.kind IN (1, 2)
BEGIN
  INSERT INTO search (search, rowid, terms) VALUES ('delete', old.seq, search_terms(old.content));
  INSERT OR REPLACE INTO profile (key, value) VALUES ('search_erased', '1');
END;

CREATE TRIGGER search_removed AFTER DELETE ON messages
WHEN old.content NOT NULL AND old.kind IN (1, 2)
BEGIN
  INSERT INTO search (search, rowid, terms) VALUES ('delete', old.seq, search_terms(old.content));
  INSERT OR REPLACE INTO profile (key, value) VALUES ('search_erased', '1');
END;

INSERT INTO search (rowid, terms)
SELECT seq, search_terms(content) FROM messages WHERE content NOT NULL AND kind IN (1, 2) ORDER BY seq;
