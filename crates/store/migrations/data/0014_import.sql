-- values brought over from elsewhere that nobody can document a basis for: sealed, used for nothing, until the
-- basis can be shown or the end has come
CREATE TABLE quarantine (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  id BLOB NOT NULL,
  sealed BLOB NOT NULL,
  purpose TEXT NOT NULL,            -- the purpose it would serve
  service TEXT NOT NULL,            -- the service whose tables it comes from, which asks for it again
  source TEXT NOT NULL,             -- where it was brought from
  reasons TEXT NOT NULL,            -- the codes of what stood against it, a JSON list
  created INTEGER NOT NULL,         -- when it was first collected, as far as told
  taken INTEGER NOT NULL,           -- when it was put here
  until INTEGER NOT NULL,
  PRIMARY KEY (subject, item, id)
) STRICT;
CREATE INDEX quarantine_until ON quarantine (until);

-- an import under way or done; source is the digest of what is read
CREATE TABLE import (
  name TEXT NOT NULL PRIMARY KEY,
  source BLOB NOT NULL,
  begun INTEGER NOT NULL,
  ended INTEGER
) STRICT;

-- what became of each row; a row that stands here is not brought in again, also when its person was erased
CREATE TABLE import_row (
  import TEXT NOT NULL,
  row_number INTEGER NOT NULL,
  outcome TEXT NOT NULL,            -- brought, partly, refused, deleted
  about TEXT NOT NULL,              -- fields and codes, a JSON list; no value
  PRIMARY KEY (import, row_number)
) STRICT, WITHOUT ROWID;

-- kinds of password hashes that were brought over, each as one that nobody has: a login that finds no account
-- takes as long as one that does
CREATE TABLE password_kind (
  nobody TEXT NOT NULL PRIMARY KEY
) STRICT;

-- how an answer that was given elsewhere can be shown
ALTER TABLE consent_event ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
