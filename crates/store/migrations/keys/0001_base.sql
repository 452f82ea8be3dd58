-- The key store: apart from data and from data backups. It commits first and is the truth:
-- a subject whose key is gone is erased.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- region keys and the log's signing key, wrapped by the root key; secrets are never updated in place
CREATE TABLE wrapped (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  secret BLOB NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;

-- one random key a person, wrapped by the region key of that version
CREATE TABLE subject_key (
  subject BLOB NOT NULL PRIMARY KEY,
  region_version INTEGER NOT NULL,
  secret BLOB NOT NULL
) STRICT;

-- who was erased, and when: re-applied when a backup is restored
CREATE TABLE tombstone (
  subject BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;
