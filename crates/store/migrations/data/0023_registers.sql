-- The register of exceptions.

-- the register of exceptions (2.7): without asking the person, on which ground, with what, for whom, until when
CREATE TABLE exception (
  subject BLOB,                     -- whose data; null for everyone's, and after the erasure
  id BLOB NOT NULL PRIMARY KEY,
  everyone INTEGER NOT NULL,        -- a rule for all, of what people disclosed themselves
  purpose TEXT NOT NULL,
  basis TEXT NOT NULL,              -- which exception of the law
  citation TEXT NOT NULL,           -- the provision, or the number of the instrument
  items TEXT NOT NULL,              -- a JSON list
  recipient TEXT,                   -- who outside may get it; null for nobody
  asked_by TEXT NOT NULL,
  allowed_by TEXT,                  -- null where it was an emergency
  approval BLOB NOT NULL,
  begins INTEGER NOT NULL,
  ends INTEGER NOT NULL,            -- it lapses by itself; moved here when it is ended before
  tell INTEGER,                     -- by when the person is told; null where nothing is owed
  told INTEGER
) STRICT;
CREATE INDEX exception_subject ON exception (subject, ends) WHERE subject IS NOT NULL;
CREATE INDEX exception_everyone ON exception (everyone, ends);
