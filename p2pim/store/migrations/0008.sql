-- What of a conversation is to draw the user's attention.

ALTER TABLE rooms ADD COLUMN alerts INTEGER NOT NULL DEFAULT 0;   -- store/alerts.py
