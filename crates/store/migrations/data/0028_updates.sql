-- when each archived policy comes or came into force; a row goes only when a release is called off before it comes
CREATE TABLE policy_release (
  digest BLOB NOT NULL PRIMARY KEY,
  in_force INTEGER NOT NULL,
  released INTEGER NOT NULL,
  major INTEGER NOT NULL
) STRICT;
INSERT INTO policy_release (digest, in_force, released, major) SELECT digest, published, published, 0 FROM policy;

-- that a person was told of a release: sent a message, shown it on a page, and said to have read it
CREATE TABLE policy_notice (
  subject BLOB NOT NULL,
  digest BLOB NOT NULL,
  sent INTEGER,
  shown INTEGER,
  acknowledged INTEGER,
  PRIMARY KEY (subject, digest)
) STRICT;

-- a no to what a release newly asks for; the old answer goes on for its old scope
CREATE TABLE policy_declined (
  subject BLOB NOT NULL,
  digest BLOB NOT NULL,
  target TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, digest, target)
) STRICT;

-- the files of a policy that a second person is asked to allow; no longer than the request lasts
CREATE TABLE policy_proposal (
  approval BLOB NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL,
  source TEXT NOT NULL              -- facts and words as JSON
) STRICT;
