-- a check of a person's name that is under way, one a person; the row goes with the decision. What is
-- checked is a record like any other, sealed
CREATE TABLE name_check (
  subject BLOB NOT NULL PRIMARY KEY,
  id BLOB NOT NULL,
  method TEXT NOT NULL,             -- register, face, review
  stage INTEGER NOT NULL,           -- 0 with the verifier, 1 with staff
  at INTEGER NOT NULL,
  ends INTEGER NOT NULL             -- given up then, whatever was decided
) STRICT;
CREATE INDEX name_check_stage ON name_check (stage, at);

-- a child and a guardian, asked or confirmed: each of the two has a row of their own, with the same id. Until
-- a child has joined by an invitation, and where nobody could be asked, the other is the subject itself
CREATE TABLE guardian (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  other BLOB NOT NULL,
  role INTEGER NOT NULL,            -- 0 the subject is the child, 1 the guardian
  state INTEGER NOT NULL,           -- 0 asked, 1 confirmed, 2 invited
  asked INTEGER NOT NULL,
  confirmed INTEGER,
  PRIMARY KEY (subject, id)
) STRICT;
CREATE INDEX guardian_other ON guardian (other);
CREATE INDEX guardian_id ON guardian (id);
