-- What was given to recipients, calls of the gateway, and tokens in place of values.

-- everything that was given to a recipient, a row for each leaf; sealed under the holding key at an erasure and kept
-- until its statutory end
CREATE TABLE disclosure (
  subject BLOB NOT NULL,
  log TEXT NOT NULL,
  leaf INTEGER NOT NULL,
  at INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  purpose TEXT NOT NULL,
  items TEXT NOT NULL,              -- names, a JSON list; no value
  party TEXT NOT NULL,              -- who gave it: subject, service, operator, system
  actor TEXT NOT NULL,
  egress BLOB,                      -- the call of the gateway it was part of
  until INTEGER,                    -- when the record of it may go; null where no law says
  PRIMARY KEY (subject, log, leaf)
) STRICT;
CREATE INDEX disclosure_until ON disclosure (until) WHERE until IS NOT NULL;

-- a call of the gateway: asked once by a service, tried once or until it is taken
CREATE TABLE egress (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,                 -- stands in the Idempotency-Key header, the same at every try
  service TEXT NOT NULL,
  key BLOB NOT NULL,                -- digest of the key the service named the call by
  request BLOB NOT NULL,            -- digest of what it asked
  recipient TEXT NOT NULL,
  purpose TEXT NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL,              -- queued, sending, sent, failed, unknown, refused
  until INTEGER NOT NULL,           -- a try under way is over by then
  tries INTEGER NOT NULL,
  status INTEGER,                   -- of the last answer
  fault TEXT NOT NULL,              -- what was wrong with the last try; nothing that was sent or answered
  template BLOB,                    -- what is to be sent, sealed under the subject's key; null once it has ended
  answer BLOB,                      -- what came back, redacted, sealed under the subject's key
  ended INTEGER,
  PRIMARY KEY (subject, id)
) STRICT;
CREATE UNIQUE INDEX egress_key ON egress (subject, service, key);
CREATE INDEX egress_ended ON egress (ended) WHERE ended IS NOT NULL;

-- random tokens that services hold in place of values; found by digest, like identifiers
CREATE TABLE token (
  digest BLOB NOT NULL PRIMARY KEY,
  subject BLOB NOT NULL,
  service TEXT NOT NULL,
  purpose TEXT NOT NULL,
  item TEXT NOT NULL,
  record BLOB NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,                  -- null: with the value
  uses INTEGER                      -- how often it can still be revealed; null: as often as is permitted
) STRICT;
CREATE INDEX token_subject ON token (subject);
CREATE INDEX token_expires ON token (expires) WHERE expires IS NOT NULL;
