-- Promise 4.3: the business changes hands.

-- one change of hands; names no person, kept for good
CREATE TABLE transfer (
  id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,               -- merger, division, acquisition, assets
  recipient TEXT NOT NULL,          -- the successor, a recipient of the policy
  agreement TEXT NOT NULL,          -- the document that binds it
  source TEXT NOT NULL,             -- the successor's policy, facts and words as JSON
  changed TEXT NOT NULL,            -- purposes it changes, a JSON list
  effective INTEGER NOT NULL,       -- from when the successor takes over
  announced INTEGER NOT NULL,
  stage INTEGER NOT NULL,           -- 0 announced, 1 complete, 2 called off
  ended INTEGER
) STRICT;

-- what became of each person in it; goes with the person
CREATE TABLE transfer_person (
  subject BLOB NOT NULL,
  transfer BLOB NOT NULL,
  told INTEGER NOT NULL,            -- when the notice was put in their privacy centre
  sent INTEGER NOT NULL,            -- how many messages were queued
  objected INTEGER,                 -- since when they object
  outcome TEXT NOT NULL DEFAULT '', -- handed-over, objected, refused, nothing-held; empty before
  at INTEGER,
  log TEXT NOT NULL DEFAULT '',
  leaf INTEGER,
  PRIMARY KEY (subject, transfer)
) STRICT;
CREATE INDEX transfer_person_transfer ON transfer_person (transfer, outcome);
