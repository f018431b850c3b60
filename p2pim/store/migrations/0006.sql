-- How much of a control set was due when the messages of its room were last judged: time passes while nothing runs.

ALTER TABLE rooms ADD COLUMN due INTEGER;         -- NULL: not known, judge them anew
