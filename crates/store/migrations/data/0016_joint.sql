-- accounts at partners that people log in with, one a partner. Account and profile are records like any other,
-- sealed; the identity is found in `identifier` by the same keyed digest
CREATE TABLE joint_login (
  subject BLOB NOT NULL,
  partner TEXT NOT NULL,            -- its name in the policy
  identity BLOB NOT NULL,           -- the keyed digest of issuer and subject
  scopes TEXT NOT NULL,             -- what the person let us have, by the partner's word
  log TEXT NOT NULL,                -- where the grant is recorded: the log and the leaf's place in it
  leaf INTEGER NOT NULL,
  linked INTEGER NOT NULL,
  used INTEGER NOT NULL,            -- the last login with it
  token BLOB,                       -- what ends the grant at the partner, sealed under the subject's key
  PRIMARY KEY (subject, partner)
) STRICT;
