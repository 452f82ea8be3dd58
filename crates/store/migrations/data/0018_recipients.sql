-- The register of recipients beside what the policy declares, and who must be told when somebody's data changes.

-- what is true of a recipient now; a recipient without a row is active and was never checked here
CREATE TABLE recipient (
  name TEXT NOT NULL PRIMARY KEY,
  epoch INTEGER NOT NULL,           -- raised by every change; a disclosure checks it again in its own commit
  state TEXT NOT NULL,              -- active, suspended, ended
  reason TEXT NOT NULL,             -- why it is so, in the words of staff; no personal data
  changed INTEGER NOT NULL,
  failed INTEGER NOT NULL,          -- 1 when the last check failed
  due INTEGER                       -- until when the last check holds; null where none was made
) STRICT;

-- checks of how a recipient handles what it is given; append-only
CREATE TABLE recipient_check (
  recipient TEXT NOT NULL,
  id BLOB NOT NULL,
  at INTEGER NOT NULL,
  operator TEXT NOT NULL,
  passed INTEGER NOT NULL,
  finding TEXT NOT NULL,
  due INTEGER NOT NULL,             -- until when it holds
  PRIMARY KEY (recipient, id)
) STRICT;

-- agreements, evidence of checks, certificates of deletion: sealed files; immutable
CREATE TABLE recipient_document (
  recipient TEXT NOT NULL,
  id BLOB NOT NULL,
  kind TEXT NOT NULL,               -- agreement, evidence, deletion
  digest BLOB NOT NULL,             -- SHA-256 of the file
  size INTEGER NOT NULL,
  sealed BLOB NOT NULL,             -- under the holding key
  at INTEGER NOT NULL,
  operator TEXT NOT NULL,
  PRIMARY KEY (recipient, id)
) STRICT;

-- how long a service may keep what it read, in seconds; none: no longer than its answer takes
ALTER TABLE service ADD COLUMN cache INTEGER NOT NULL DEFAULT 0;
-- where it is told of withdrawals, corrections and erasures; empty where it keeps nothing
ALTER TABLE service ADD COLUMN hook TEXT NOT NULL DEFAULT '';
-- what the calls to its hook are signed with, sealed under the holding key
ALTER TABLE service ADD COLUMN hook_key BLOB;
-- why it is suspended; empty while it is not
ALTER TABLE service ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- who outside Avouch may hold something of a person: services that read it, recipients that were given it. A row for
-- each node that saw it: two nodes that serve one person never wait for each other
CREATE TABLE reader (
  subject BLOB NOT NULL,
  kind TEXT NOT NULL,               -- service, recipient
  name TEXT NOT NULL,
  log TEXT NOT NULL,                -- the node that saw it first
  since INTEGER NOT NULL,
  PRIMARY KEY (subject, kind, name, log)
) STRICT;

-- what a reader must be told, and whether it has acknowledged. Those of an erasure outlive the person's other
-- rows until the last reader has acknowledged.
CREATE TABLE notice (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  kind TEXT NOT NULL,               -- service, recipient
  name TEXT NOT NULL,
  event TEXT NOT NULL,              -- withdrawal, correction, deletion, cancellation, erasure
  about TEXT NOT NULL,              -- a purpose, an item, a recipient; no value
  at INTEGER NOT NULL,
  due INTEGER NOT NULL,             -- by when it must have acknowledged
  acknowledged INTEGER,
  PRIMARY KEY (subject, id)
) STRICT;
CREATE INDEX notice_open ON notice (kind, name, due) WHERE acknowledged IS NULL;
