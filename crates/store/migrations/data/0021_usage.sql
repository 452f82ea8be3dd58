-- Evidence by batch, counts of usage, and what a policy in shadow would have said.

-- a person's entry in the batch of a leaf, with its path to the batch's root; goes with the person
CREATE TABLE batch_member (
  subject BLOB NOT NULL,
  log TEXT NOT NULL,
  idx INTEGER NOT NULL,
  place INTEGER NOT NULL,
  entry BLOB NOT NULL,              -- salt, tag, and for a use the commitment to what was opened
  path BLOB NOT NULL,               -- hashes of 32 bytes, from the entry to the root
  PRIMARY KEY (subject, log, idx)
) STRICT;

-- days that were counted for a purpose, once and for all
CREATE TABLE analysis_day (
  purpose TEXT NOT NULL,
  day TEXT NOT NULL,                -- year-month-day in the law's zone
  at INTEGER NOT NULL,
  PRIMARY KEY (purpose, day)
) STRICT;

-- how many people had a value on a day; none below the policy's smallest group
CREATE TABLE analysis_cell (
  purpose TEXT NOT NULL,
  day TEXT NOT NULL,
  item TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  people INTEGER NOT NULL,
  PRIMARY KEY (purpose, day, item, field, value)
) STRICT;

-- how often a policy in shadow was asked, and said otherwise than the one in force; no personal data
CREATE TABLE shadow_count (
  policy BLOB NOT NULL,             -- digest of the policy in shadow
  node TEXT NOT NULL,               -- each node counts in its own rows
  party TEXT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  purpose TEXT NOT NULL,
  item TEXT NOT NULL,               -- empty where it is about the act
  outcome TEXT NOT NULL,            -- asked, would-permit, or the code of a reason it would refuse for
  times INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (policy, node, party, actor, act, purpose, item, outcome)
) STRICT;
