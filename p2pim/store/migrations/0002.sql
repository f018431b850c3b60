-- Messages about messages (edits, deletes, reactions), mentions, topics.

ALTER TABLE messages ADD COLUMN target BLOB;                          -- the message it is about
ALTER TABLE messages ADD COLUMN followed INTEGER NOT NULL DEFAULT 0;  -- others that are here name it as target
ALTER TABLE messages ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;     -- a follower that does not count (any more)
ALTER TABLE messages ADD COLUMN mention INTEGER NOT NULL DEFAULT 0;   -- it mentions the user
-- content NULL means from now on: erased here, and held all the same

-- what newer peers sent before this version knew what it means
UPDATE messages SET target = target_of(header) WHERE target_of(header) IS NOT NULL;
CREATE INDEX messages_target ON messages (target, kind, stale, author) WHERE target IS NOT NULL;
UPDATE messages SET followed = 1 WHERE id IN (SELECT target FROM messages WHERE target IS NOT NULL);
UPDATE messages SET unread = 0 WHERE kind IN (2, 3, 4, 6);
UPDATE messages SET stale = 1 WHERE kind IN (2, 3, 4) AND target IS NOT NULL AND (
  (hidden = 1 AND kind <> 3)
  OR CASE kind WHEN 4 THEN 64 ELSE 1 END <= (
    SELECT count(*) FROM messages AS newer WHERE newer.target = messages.target AND newer.kind = messages.kind
    AND newer.author = messages.author AND newer.room = messages.room AND (newer.hidden = 0 OR newer.kind = 3)
    AND (newer.clock, newer.id) > (messages.clock, messages.id)
  )
);
UPDATE messages SET content = NULL, unread = 0 WHERE kind IN (1, 2) AND EXISTS (
  SELECT 1 FROM messages AS deletion WHERE deletion.kind = 3 AND deletion.author = messages.author
  AND deletion.target = iif(messages.kind = 1, messages.id, messages.target) AND deletion.room = messages.room
);

-- kind and hidden are in it so that pages of history pass over others without looking at them
DROP INDEX messages_order;
CREATE INDEX messages_order ON messages (room, clock, id, kind, hidden);
CREATE INDEX messages_topic ON messages (room, clock, id) WHERE kind = 6;
CREATE INDEX messages_mention ON messages (room) WHERE unread = 1 AND mention = 1;

CREATE TABLE stubs (                            -- without content, and no delete here says why: not held
  id        BLOB PRIMARY KEY CHECK (length(id) = 32),
  room      INTEGER NOT NULL REFERENCES rooms (number),
  clock     INTEGER NOT NULL,
  subject   BLOB NOT NULL,                      -- the message whose delete would explain it
  header    BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;
CREATE INDEX stubs_subject ON stubs (subject);
