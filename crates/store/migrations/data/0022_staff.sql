-- Staff: role accounts with their grants and second factor, and what a second person is asked.

-- a role account; its name stands in leaves, so it names a task and no person
CREATE TABLE operator (
  name TEXT NOT NULL PRIMARY KEY,
  state INTEGER NOT NULL,           -- 0 active, 1 disabled
  created INTEGER NOT NULL,
  password TEXT,                    -- argon2id; null until the first sign-in
  factor BLOB,                      -- the authenticator's secret, sealed under the region's key; null until then
  step INTEGER NOT NULL             -- the last step whose code was taken
) STRICT;

-- what a role account may do; the row goes when the grant is taken back
CREATE TABLE operator_role (
  operator TEXT NOT NULL,
  role TEXT NOT NULL,               -- customer-service, data-protection-officer, auditor, administrator
  granted INTEGER NOT NULL,
  used INTEGER,                     -- when it last opened something, to the day
  suspended TEXT,                   -- why it opens nothing for now; null while it does
  PRIMARY KEY (operator, role)
) STRICT;

-- null in those made before
ALTER TABLE operator_token ADD COLUMN created INTEGER;
ALTER TABLE operator_token ADD COLUMN seen INTEGER;
CREATE INDEX operator_token_operator ON operator_token (operator);

-- what a second person is asked to allow; immutable but for the answer, the use and the review
CREATE TABLE approval (
  id BLOB NOT NULL PRIMARY KEY,
  subject BLOB,                     -- whom it is about, where it is one person; null after the erasure
  kind TEXT NOT NULL,
  digest BLOB NOT NULL,             -- SHA-256 of the id and the exact act
  act TEXT NOT NULL,                -- the exact act by names and ids alone; emptied by its subject's erasure
  asked_by TEXT NOT NULL,
  asked INTEGER NOT NULL,
  why BLOB NOT NULL,                -- sealed under the region's key
  until INTEGER NOT NULL,           -- answered and used before, or it is a no
  state INTEGER NOT NULL,           -- 0 open, 1 approved, 2 refused, 3 used, 4 used in an emergency, 5 that reviewed
  answered_by TEXT,
  answered INTEGER,
  answer BLOB,                      -- sealed as above
  used INTEGER
) STRICT;
CREATE INDEX approval_state ON approval (state, until);
CREATE INDEX approval_subject ON approval (subject) WHERE subject IS NOT NULL;
