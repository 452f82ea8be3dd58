-- Retention: by which rule a record ends, what else it is kept for, what ended for a person, and what sweeps did.

ALTER TABLE record ADD COLUMN used INTEGER;                 -- last use, for a purpose that counts from it
ALTER TABLE record ADD COLUMN rule TEXT NOT NULL DEFAULT ''; -- purpose, trigger and period that gave `until`; '' until reckoned

-- what a record is kept for beside the purpose it was collected for
CREATE TABLE record_purpose (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  id BLOB NOT NULL,
  purpose TEXT NOT NULL,
  since INTEGER NOT NULL,
  used INTEGER,
  PRIMARY KEY (subject, item, id, purpose)
) STRICT;

-- purposes and contracts that ended for a person, as a service told it; append-only while the person is here
CREATE TABLE purpose_end (
  subject BLOB NOT NULL,
  purpose TEXT NOT NULL,
  kind TEXT NOT NULL,               -- purpose-ended, contract-ended
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, purpose, kind, at)
) STRICT;

-- when a person last came in, and when they were told that their unused account goes
ALTER TABLE standing ADD COLUMN seen INTEGER;
ALTER TABLE standing ADD COLUMN noticed INTEGER;
CREATE INDEX standing_seen ON standing (seen);

-- ends reckoned anew by other rules, page by page; rules is the digest of what ends follow from
CREATE TABLE reckoning (
  rules TEXT NOT NULL PRIMARY KEY,
  begun INTEGER NOT NULL,
  stage TEXT NOT NULL,              -- records, signals, done
  place TEXT NOT NULL,              -- the last that was looked at; names nobody outside this database
  looked INTEGER NOT NULL,
  earlier INTEGER NOT NULL,
  later INTEGER NOT NULL,
  ended INTEGER
) STRICT;

-- the certificate of each sweep, to which its leaf commits; immutable, about nobody
CREATE TABLE sweep (
  log TEXT NOT NULL,
  idx INTEGER NOT NULL,
  at INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (log, idx)
) STRICT;
CREATE INDEX sweep_at ON sweep (at);
