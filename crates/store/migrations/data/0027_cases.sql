-- Customer service: cases and what was written in them. The words are records of the item support_message.

-- one case. Without an account it is a subject of its own, made for it, whose key goes with it
CREATE TABLE case_file (
  subject BLOB NOT NULL,
  number TEXT NOT NULL,             -- random; its name for everyone; immutable
  secret BLOB,                      -- digest of the code that opens it without an account; null with one; immutable
  category TEXT NOT NULL,           -- question, complaint, rights, other: what the person chose
  proposed TEXT NOT NULL,           -- what triage proposes to look at, codes; staff decide
  language TEXT NOT NULL,
  state TEXT NOT NULL,              -- new, open, waiting, closed
  outcome TEXT NOT NULL,            -- of a closed one: answered, partly, refused; else empty
  operator TEXT NOT NULL,           -- who of the staff has it; empty for nobody
  matter TEXT NOT NULL,             -- the name its running clocks are under
  opened INTEGER NOT NULL,          -- immutable
  changed INTEGER NOT NULL,
  closed INTEGER,
  until INTEGER,                    -- when it is forgotten
  PRIMARY KEY (subject, number)
) STRICT;
CREATE UNIQUE INDEX case_number ON case_file (number);
CREATE INDEX case_until ON case_file (until) WHERE until IS NOT NULL;
CREATE INDEX case_matter ON case_file (matter);

-- what happened in a case, in order; append-only
CREATE TABLE case_entry (
  subject BLOB NOT NULL,
  number TEXT NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,               -- message, reply, note, letter, reveal; opened, assigned, state, moved, closed
  operator TEXT NOT NULL,           -- who of the staff; empty for the person and the system
  record BLOB,                      -- the record with its words; null where it has none
  told TEXT NOT NULL,               -- codes: a state, an item, days; no words of anybody
  PRIMARY KEY (subject, number, n)
) STRICT;

-- an item of the person that a member of staff may look at from a case, until when
CREATE TABLE case_reveal (
  subject BLOB NOT NULL,
  number TEXT NOT NULL,
  item TEXT NOT NULL,
  operator TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (subject, number, item, operator)
) STRICT;
