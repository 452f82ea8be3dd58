-- Automated decisions and their review by a human; campaigns and who must not be written to.

-- one decision a machine made about a person; outcome and reasons are sealed under the subject's key
CREATE TABLE decision (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  purpose TEXT NOT NULL,            -- an automated purpose
  items TEXT NOT NULL,              -- what it was made from: a JSON list of names
  service TEXT NOT NULL,            -- the service that made it
  sealed BLOB NOT NULL,             -- what was decided and why
  at INTEGER NOT NULL,
  until INTEGER,                    -- when it must be gone; null while an event decides
  state INTEGER NOT NULL,           -- 0 stands, 1 a review is asked for, 2 upheld by a human, 3 changed by a human
  asked INTEGER,                    -- when the review was asked for
  matter TEXT,                      -- the name its clock is under, once a review is asked for: by when a human decides
  reviewed INTEGER,
  answer BLOB,                      -- what the human says of it, sealed
  PRIMARY KEY (subject, id)
) STRICT;
CREATE INDEX decision_asked ON decision (asked) WHERE state = 1;
CREATE INDEX decision_until ON decision (until) WHERE until IS NOT NULL;

-- what is sent to everyone who opted in to a channel; no personal data
CREATE TABLE campaign (
  id BLOB NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,            -- of one channel
  service TEXT NOT NULL,            -- who sends it
  slot TEXT NOT NULL,               -- the place it is shown at; empty for what is sent
  words TEXT NOT NULL,              -- line and text by language, JSON
  at INTEGER NOT NULL,
  until INTEGER,                    -- when it is shown no more; null for what is sent
  last BLOB,                        -- the last person looked at
  done INTEGER NOT NULL,            -- 1 once everyone was looked at
  queued INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  suppressed INTEGER NOT NULL,
  sent INTEGER NOT NULL
) STRICT;
CREATE INDEX campaign_slot ON campaign (slot, at);

-- that a person was looked at for a campaign, so that nobody is written to twice; goes with the person
CREATE TABLE campaign_member (
  subject BLOB NOT NULL,
  campaign BLOB NOT NULL,
  sent INTEGER NOT NULL,
  PRIMARY KEY (subject, campaign)
) STRICT;

-- addresses that refused a channel, as keyed digests; outlives the account, so that nobody is written to again
CREATE TABLE suppression (
  digest BLOB NOT NULL,
  purpose TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (digest, purpose)
) STRICT;
