-- Promise 5.4: how many people's data went abroad. A year is named by the year it began in.

-- one row a year, both counts in it, so that whoever counts takes one lock
CREATE TABLE crossing_total (
  year INTEGER NOT NULL PRIMARY KEY,
  plain INTEGER NOT NULL,
  sensitive INTEGER NOT NULL
) STRICT;

-- who was counted, as a digest under the person's own key: with the key gone it leads to nobody, and it stays, so
-- that an erasure lowers no count
CREATE TABLE crossing (
  year INTEGER NOT NULL,
  digest BLOB NOT NULL,
  counted TEXT NOT NULL,            -- plain, sensitive
  PRIMARY KEY (year, digest, counted)
) STRICT, WITHOUT ROWID;

-- a threshold that came near or was reached, and who saw to it
CREATE TABLE crossing_mark (
  year INTEGER NOT NULL,
  record TEXT NOT NULL,             -- the law record with the number
  stage INTEGER NOT NULL,           -- 0 near, 1 reached
  at INTEGER NOT NULL,
  done INTEGER,                     -- when an operator entered what was done
  operator TEXT NOT NULL DEFAULT '',
  what TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (year, record, stage)
) STRICT;

-- the recipient abroad that runs a service; its use is sending abroad
ALTER TABLE service ADD COLUMN abroad TEXT NOT NULL DEFAULT '';
