-- Requests for a right of the person: what is asked, how far it is, how it ended. No words of anybody: those are
-- records, and the thread is the case of the same number.

-- one request. What the person did at once on a page has no case, and is answered when it is received
CREATE TABLE request (
  subject BLOB NOT NULL,            -- who asks; without an account the subject of the case; immutable
  number TEXT NOT NULL,             -- immutable
  kind TEXT NOT NULL,               -- access, copy, correct, delete …; immutable
  about TEXT NOT NULL,              -- names of the policy: an item, a purpose; else empty; immutable
  role TEXT NOT NULL,               -- self, agent, guardian, relative; immutable
  identity TEXT NOT NULL,           -- account, stated, shown, not-shown
  matched TEXT NOT NULL,            -- what was stated against what is held, item:same or item:other; staff alone see it
  account BLOB,                     -- the account that was stated, where there is one; null after its erasure
  received INTEGER NOT NULL,        -- immutable
  extended INTEGER,                 -- when its time was extended
  answered INTEGER,
  outcome TEXT NOT NULL,            -- answered, partly, refused; empty while it runs
  reasons TEXT NOT NULL,            -- codes of why not, a space between
  appealed INTEGER,
  released INTEGER,                 -- until when a copy may be taken with the code of the case
  log TEXT NOT NULL,                -- where it is recorded; immutable
  leaf INTEGER NOT NULL,
  PRIMARY KEY (subject, number)
) STRICT;
CREATE UNIQUE INDEX request_number ON request (number);
CREATE INDEX request_account ON request (account) WHERE account IS NOT NULL;
CREATE INDEX request_received ON request (received);

-- what is kept of a request for the law's term, about nobody: it outlives the person's rows
CREATE TABLE request_record (
  number TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  role TEXT NOT NULL,
  received INTEGER NOT NULL,
  due INTEGER,                      -- as it was when it ended
  answered INTEGER,
  outcome TEXT NOT NULL,
  reasons TEXT NOT NULL,
  appealed INTEGER NOT NULL,
  until INTEGER NOT NULL            -- when it is forgotten
) STRICT;
CREATE INDEX request_record_until ON request_record (until);
