-- Accounts: one-time codes, verified contacts, known places; limits with windows of their own; messages that
-- could not be delivered.

-- a code that waits to be typed, or a step of logging in that waits for the next; named by the digest of what
-- only one browser holds; dies with its use, its tries, its time or its subject
CREATE TABLE code (
  flow BLOB NOT NULL PRIMARY KEY,
  subject BLOB,                     -- null where nobody here has that address; the row is written all the same
  purpose TEXT NOT NULL,            -- what it may be spent for, and nothing else
  item TEXT NOT NULL,               -- the contact it goes to
  address BLOB NOT NULL,            -- keyed digest of that address
  needs TEXT NOT NULL,              -- what else must be shown at this step
  code BLOB,                        -- keyed hash; null until it is sent
  tries INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX code_subject ON code (subject) WHERE subject IS NOT NULL;
CREATE INDEX code_expires ON code (expires);

-- contacts whose owner typed the code that went there; holds for this address only
CREATE TABLE verified (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  address BLOB NOT NULL,            -- keyed digest; another address under the item is not verified by it
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, item)
) STRICT;

-- where a person logged in from before, as keyed digests: strangers' tries elsewhere lock nobody out here
CREATE TABLE place (
  subject BLOB NOT NULL,
  place BLOB NOT NULL,
  seen INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (subject, place)
) STRICT;
CREATE INDEX place_until ON place (until);

-- a limit's own end; null for those counted before
ALTER TABLE attempt ADD COLUMN until INTEGER;

-- when a job was given up; its body is emptied then
ALTER TABLE job ADD COLUMN dead INTEGER;
CREATE INDEX job_subject ON job (subject) WHERE subject IS NOT NULL;
