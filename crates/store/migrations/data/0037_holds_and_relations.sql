-- Legal holds (5.2): what is kept against deletion for a dispute or a procedure; and records about two people (2.2).

-- a hold: by whom, on which ground, until when
CREATE TABLE legal_hold (
  subject BLOB,                     -- whose data; null after the erasure
  id BLOB NOT NULL PRIMARY KEY,
  items TEXT NOT NULL,              -- a JSON list
  citation TEXT NOT NULL,           -- the provision, or the number of the proceedings; names nobody
  asked_by TEXT NOT NULL,
  allowed_by TEXT,                  -- null where it was an emergency
  approval BLOB NOT NULL,
  placed INTEGER NOT NULL,
  ends INTEGER NOT NULL             -- it lapses by itself; moved here when it is lifted before
) STRICT;
CREATE INDEX legal_hold_subject ON legal_hold (subject, ends) WHERE subject IS NOT NULL;

-- the same by item, for whatever deletes to ask
CREATE TABLE legal_hold_item (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  hold BLOB NOT NULL,
  ends INTEGER NOT NULL,
  PRIMARY KEY (subject, item, hold)
) STRICT;

-- what was deleted, corrected or past its end while a hold named its item: sealed as it was, opened by no purpose
CREATE TABLE held_record (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  item TEXT NOT NULL,
  record BLOB NOT NULL,             -- the id it had, into which it is sealed
  version INTEGER NOT NULL,         -- likewise
  purpose TEXT NOT NULL,
  source TEXT NOT NULL,
  created INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  signal INTEGER NOT NULL,          -- 1: it was sent by a device
  moved INTEGER NOT NULL,
  PRIMARY KEY (subject, id)
) STRICT;

-- null where a value is kept by a statute and not by a hold
ALTER TABLE held ADD COLUMN hold BLOB;

-- which record is about which other person (2.2); where it belongs to both, each has a record and a row of their own
CREATE TABLE relation (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  record BLOB NOT NULL,             -- the same for both
  other BLOB,                       -- null once the other is erased or has deleted theirs
  made INTEGER NOT NULL,            -- 1: by this one; 0: by the other
  PRIMARY KEY (subject, item, record)
) STRICT;
CREATE INDEX relation_other ON relation (other) WHERE other IS NOT NULL;
