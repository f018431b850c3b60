-- What has no content is found quickly: it may be too old, deleted, or lacking.

CREATE INDEX messages_erased ON messages (room, clock) WHERE content IS NULL;
CREATE INDEX stubs_room ON stubs (room, clock);
