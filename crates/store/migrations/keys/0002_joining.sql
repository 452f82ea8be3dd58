-- keys made for a joining that has not been seen to end; a row goes when the account stands or the key is
-- taken back. A crash in between leaves it, and the next start tells which it was.
CREATE TABLE joining (
  subject BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;
