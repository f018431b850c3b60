-- What was read, and by whom. unread: 1 not yet, 2 it was and has been read here, 0 it never was.

ALTER TABLE deliveries ADD COLUMN read INTEGER;   -- ms, when the peer said so; NULL: not known
