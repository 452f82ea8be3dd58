-- Signals: what devices send of themselves, by the day it ends, and what devices permit.

-- one event of a device, sealed under the subject's key; immutable but for its end. It leads with the day it ends
-- and not with the subject, so that a day is swept at once (docs/adr/0005-signals-lead-with-their-day.md).
CREATE TABLE signal (
  ends INTEGER NOT NULL,            -- the day of Unix time in which `until` lies; 2147483647 while an event decides
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  purpose TEXT NOT NULL,            -- the purpose it was taken in for, and the only one it serves
  item TEXT NOT NULL,
  at INTEGER NOT NULL,              -- when it was taken in
  until INTEGER,                    -- when it must be gone; null while an event decides
  source TEXT NOT NULL,             -- who sent it: subject, service:NAME, system
  sealed BLOB NOT NULL,
  PRIMARY KEY (ends, subject, id)
) STRICT, WITHOUT ROWID; -- a part for each day
CREATE INDEX signal_subject ON signal (subject, purpose, item, at, id);

-- what a person's device last said it permits; goes with the person
CREATE TABLE permission (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  state TEXT NOT NULL,              -- granted, limited, denied
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, item)
) STRICT;
