-- Full-text search: the folded text of every text and edit that is here, by its seq. Triggers follow ``content``, so
-- that what is erased from there is erased here, whoever erases it.

CREATE VIRTUAL TABLE search USING fts5 (text, tokenize = 'trigram case_sensitive 1');

CREATE TRIGGER search_added AFTER INSERT ON messages
WHEN new.content NOT NULL AND new.kind IN (1, 2)
BEGIN
  INSERT INTO search (rowid, text) VALUES (new.seq, search_text(new.content));
END;

CREATE TRIGGER search_filled AFTER UPDATE OF content ON messages
WHEN old.content IS NULL AND new.content NOT NULL AND new.kind IN (1, 2)
BEGIN
  INSERT INTO search (rowid, text) VALUES (new.seq, search_text(new.content));
END;

CREATE TRIGGER search_erased AFTER UPDATE OF content ON messages
WHEN old.content NOT NULL AND new.content IS NULL AND old.kind IN (1, 2)
BEGIN
  DELETE FROM search WHERE rowid = old.seq;
  INSERT OR REPLACE INTO profile (key, value) VALUES ('search_erased', '1');
END;

CREATE TRIGGER search_removed AFTER DELETE ON messages
WHEN old.content NOT NULL AND old.kind IN (1, 2)
BEGIN
  DELETE FROM search WHERE rowid = old.seq;
  INSERT OR REPLACE INTO profile (key, value) VALUES ('search_erased', '1');
END;

INSERT INTO search (rowid, text)
SELECT seq, search_text(content) FROM messages WHERE content NOT NULL AND kind IN (1, 2) ORDER BY seq;
