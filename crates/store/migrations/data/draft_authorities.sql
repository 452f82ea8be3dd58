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
  foreign_body INTEGER NOT NULL,    -- 1: nothing is handed out without the approval of PIPL 41
  permission TEXT,                  -- the number of that approval
  document BLOB,                    -- the instrument as received, sealed under the region's key
  permission_document BLOB,         -- the approval of PIPL 41 as received, sealed likewise
  secret INTEGER NOT NULL,          -- 1: the person is not told until this is lifted
  lifted INTEGER,
  received INTEGER NOT NULL,
  entered_by TEXT NOT NULL,
  state INTEGER NOT NULL,           -- 0 received, 1 refused, 2 released
  decided INTEGER,
  released BLOB                     -- SHA-256 of what was handed out
) STRICT;
CREATE INDEX authority_request_subject ON authority_request (subject) WHERE subject IS NOT NULL;

-- a copy of what was handed out, sealed under its subject's key; gone with it
CREATE TABLE released (
  subject BLOB NOT NULL,
  request BLOB NOT NULL,
  sealed BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, request)
) STRICT;

-- leaves about a person that a secrecy order keeps from them; moved to subject_leaf when it is lifted
CREATE TABLE hidden_leaf (
  subject BLOB NOT NULL,
  request BLOB NOT NULL,
  at INTEGER NOT NULL,
  log TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (subject, request, at, log, idx)
) STRICT;

-- data kept against deletion for a dispute or a procedure; what is deleted meanwhile is kept under the holding key
CREATE TABLE legal_hold (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  items TEXT NOT NULL,              -- a JSON list
  citation TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  allowed_by TEXT,
  approval BLOB NOT NULL,
  placed INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  secret INTEGER NOT NULL,
  PRIMARY KEY (subject, id)
) STRICT;
CREATE INDEX legal_hold_ends ON legal_hold (ends);
