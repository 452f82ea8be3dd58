-- The registers of what is done without asking a person: exceptions (2.7), requests of authorities (2.6).

-- the register of exceptions (2.7): on which ground, with what, for whom, until when
CREATE TABLE exception (
  subject BLOB,                     -- whose data; null for everyone's, and after the erasure
  id BLOB NOT NULL PRIMARY KEY,
  everyone INTEGER NOT NULL,        -- 1: a rule for all, of what people disclosed themselves
  purpose TEXT NOT NULL,
  basis TEXT NOT NULL,              -- which exception of the law
  citation TEXT NOT NULL,           -- the provision, or the number of the instrument; names nobody
  items TEXT NOT NULL,              -- a JSON list
  recipient TEXT,                   -- who outside may get it; null for nobody
  foreign_body INTEGER NOT NULL,    -- 0 no foreign authority; 1 one without the approval of PIPL 41; 2 with it
  asked_by TEXT NOT NULL,
  allowed_by TEXT,                  -- null where it was an emergency
  approval BLOB NOT NULL,
  begins INTEGER NOT NULL,
  ends INTEGER NOT NULL,            -- it lapses by itself; moved here when it is ended before
  tell INTEGER,                     -- when the person is told; null where nothing is owed
  put_off INTEGER NOT NULL,         -- days after its end for which telling would endanger somebody
  told INTEGER,
  hidden BLOB                       -- what keeps it from its person: this entry or a request; null once it does not
) STRICT;
CREATE INDEX exception_subject ON exception (subject, ends) WHERE subject IS NOT NULL;
CREATE INDEX exception_everyone ON exception (everyone, ends);

-- leaves about a person that are kept from their view for now; moved to subject_leaf when that ends
CREATE TABLE hidden_leaf (
  subject BLOB NOT NULL,
  hidden BLOB NOT NULL,             -- by which entry or request
  at INTEGER NOT NULL,
  log TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (subject, hidden, at, log, idx)
) STRICT;

-- null where nothing keeps a disclosure from its person
ALTER TABLE disclosure ADD COLUMN hidden BLOB;

-- what authorities asked for (2.6)
CREATE TABLE authority_request (
  subject BLOB,                     -- whose data; null after the erasure
  id BLOB NOT NULL PRIMARY KEY,
  recipient TEXT NOT NULL,          -- the policy's recipient of role authority
  office TEXT NOT NULL,             -- which office asks
  instrument TEXT NOT NULL,         -- its number
  dated TEXT NOT NULL,              -- its date
  ground TEXT NOT NULL,             -- the provision it rests on
  items TEXT NOT NULL,              -- a JSON list: what it asks for
  covers_from INTEGER,              -- what was collected from then on; null for from the beginning
  covers_until INTEGER,             -- and before then; null for until now
  foreign_body INTEGER NOT NULL,    -- 1: a foreign authority stands behind it
  secret_until INTEGER,             -- the end of the order that keeps it from the person; null for none
  lifted INTEGER,                   -- when that order was lifted or ended
  told INTEGER,                     -- when the person was told
  received INTEGER NOT NULL,
  entered_by TEXT NOT NULL,
  state INTEGER NOT NULL,           -- 0 received, 1 refused, 2 released
  decided INTEGER,
  released BLOB                     -- SHA-256 of what was handed out
) STRICT;
CREATE INDEX authority_request_subject ON authority_request (subject) WHERE subject IS NOT NULL;

-- the papers of a request, as received; immutable but for who has read them
CREATE TABLE authority_paper (
  request BLOB NOT NULL,
  kind TEXT NOT NULL,               -- instrument, permission (PIPL 41), secrecy
  digest BLOB NOT NULL,             -- SHA-256 of the file
  size INTEGER NOT NULL,
  number TEXT NOT NULL,             -- of the permission; empty for the others
  sealed BLOB NOT NULL,             -- under the holding key
  at INTEGER NOT NULL,
  filed_by TEXT NOT NULL,
  seen_by TEXT NOT NULL,            -- a JSON list: who has filed or opened it
  PRIMARY KEY (request, kind)
) STRICT;

-- a copy of what was handed out, sealed under its subject's key; gone with it, or at its end
CREATE TABLE released (
  subject BLOB NOT NULL,
  request BLOB NOT NULL,
  sealed BLOB NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (subject, request)
) STRICT;
CREATE INDEX released_until ON released (until) WHERE until IS NOT NULL;
