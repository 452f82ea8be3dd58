-- Where data rests. Every subject-bound table leads with the subject, so that it can be distributed by it;
-- no foreign keys between subjects, no sequences. Times are Unix milliseconds.

-- immutable once written; one row per region store
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- what is true of a person now; epoch grows with every change of standing
CREATE TABLE standing (
  subject BLOB NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,
  state INTEGER NOT NULL,           -- 0 active, 1 cancelling, 2 erased
  age INTEGER NOT NULL,             -- 0 unknown, 1 child, 2 teen, 3 adult
  guardian INTEGER NOT NULL,
  restricted INTEGER NOT NULL,
  hold INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  cancel_due INTEGER                -- when a cancelled account is erased
) STRICT;

-- the current answer to each question; kind: consent, separate, recipient, abroad, objection, instrument
CREATE TABLE consent (
  subject BLOB NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,             -- a purpose, or a recipient
  given INTEGER NOT NULL,
  at INTEGER NOT NULL,
  policy BLOB NOT NULL,             -- digest of the policy answered to
  wording BLOB NOT NULL,            -- digest of the words shown
  language TEXT NOT NULL,
  PRIMARY KEY (subject, kind, target)
) STRICT;

-- every answer ever given; append-only while the person is here
CREATE TABLE consent_event (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  given INTEGER NOT NULL,
  at INTEGER NOT NULL,
  policy BLOB NOT NULL,
  wording BLOB NOT NULL,
  language TEXT NOT NULL,
  log TEXT NOT NULL,
  leaf INTEGER NOT NULL,
  PRIMARY KEY (subject, id)
) STRICT;

-- one stored value of an item, sealed under the subject's key
CREATE TABLE record (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  id BLOB NOT NULL,
  version INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  purpose TEXT NOT NULL,            -- the purpose it was collected for
  source TEXT NOT NULL,             -- who gave it: subject, service:NAME, system
  created INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  until INTEGER,                    -- when it must be gone; null while an event decides
  PRIMARY KEY (subject, item, id)
) STRICT;
CREATE INDEX record_until ON record (until) WHERE until IS NOT NULL;

-- keyed digests by which an identifier is looked up
CREATE TABLE identifier (
  digest BLOB NOT NULL PRIMARY KEY,
  subject BLOB NOT NULL,
  item TEXT NOT NULL
) STRICT;
CREATE INDEX identifier_subject ON identifier (subject);

-- a signed-in browser; token is a digest
CREATE TABLE session (
  subject BLOB NOT NULL,
  token BLOB NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  proved INTEGER NOT NULL,          -- when the password was last shown
  sealed BLOB NOT NULL,             -- device and place, sealed under the subject's key
  PRIMARY KEY (subject, token)
) STRICT;

-- tries at an account or from an address; key is a keyed digest
CREATE TABLE attempt (
  key BLOB NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT;

-- applications with a credential; secret is a digest, purposes a JSON list
CREATE TABLE service (
  name TEXT NOT NULL PRIMARY KEY,
  secret BLOB NOT NULL,
  purposes TEXT NOT NULL,
  state INTEGER NOT NULL,           -- 0 active, 1 suspended
  created INTEGER NOT NULL
) STRICT;

-- one-time links and sessions of operators; token is a digest
CREATE TABLE operator_token (
  token BLOB NOT NULL PRIMARY KEY,
  operator TEXT NOT NULL,
  kind TEXT NOT NULL,               -- link, session
  expires INTEGER NOT NULL
) STRICT;

-- what law keeps of an erased person, sealed under the holding key; nobody can tell whose it was
CREATE TABLE held (
  id BLOB NOT NULL PRIMARY KEY,
  item TEXT NOT NULL,
  sealed BLOB NOT NULL,
  statute TEXT NOT NULL,            -- the law record it is kept by
  until INTEGER NOT NULL
) STRICT;
CREATE INDEX held_until ON held (until);

-- work to be done once, at or after its due time
CREATE TABLE job (
  id BLOB NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  subject BLOB,
  due INTEGER NOT NULL,
  body TEXT NOT NULL,
  tries INTEGER NOT NULL,
  leased_by TEXT,
  leased_until INTEGER,
  fault TEXT
) STRICT;
CREATE INDEX job_due ON job (due);

-- every policy ever in force here, whole; immutable
CREATE TABLE policy (
  digest BLOB NOT NULL PRIMARY KEY,
  version TEXT NOT NULL,
  effective TEXT NOT NULL,
  published INTEGER NOT NULL,
  source TEXT NOT NULL              -- facts and words as JSON
) STRICT;

-- the ledger: one log per writing node
CREATE TABLE log (
  log TEXT NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  verifier TEXT NOT NULL            -- the public key as a note verifier key
) STRICT;

-- append-only
CREATE TABLE leaf (
  log TEXT NOT NULL,
  idx INTEGER NOT NULL,
  entry BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (log, idx)
) STRICT, WITHOUT ROWID;

-- append-only: hashes of complete subtrees at tile levels
CREATE TABLE node (
  log TEXT NOT NULL,
  level INTEGER NOT NULL,
  n INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (log, level, n)
) STRICT, WITHOUT ROWID;

-- the last signed tree head of every 256 leaves, and the latest
CREATE TABLE checkpoint (
  log TEXT NOT NULL,
  block INTEGER NOT NULL,
  size INTEGER NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (log, block)
) STRICT;

-- which leaves are whose; goes with the person
CREATE TABLE subject_leaf (
  subject BLOB NOT NULL,
  at INTEGER NOT NULL,
  log TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (subject, at, log, idx)
) STRICT, WITHOUT ROWID;
