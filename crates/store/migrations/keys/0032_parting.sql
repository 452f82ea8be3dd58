-- the keys of people who are erased and of whom a law keeps something: nothing opens with them any more but that, once
CREATE TABLE parting (
  subject BLOB NOT NULL PRIMARY KEY,
  region_version INTEGER NOT NULL,
  secret BLOB NOT NULL
) STRICT;
