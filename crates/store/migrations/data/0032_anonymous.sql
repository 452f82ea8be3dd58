-- What was counted before values went, and passed the test of its groups. Immutable, about nobody.

-- one counting of a purpose's values that end in a day or month, whether any of it stood the test or not
CREATE TABLE anonymous_set (
  purpose TEXT NOT NULL,
  cohort TEXT NOT NULL,             -- the day or month in which the values end
  at INTEGER NOT NULL,
  k INTEGER NOT NULL,
  l INTEGER NOT NULL,
  passed INTEGER NOT NULL,          -- groups that stood the test
  refused INTEGER NOT NULL,         -- groups that did not, of which nothing is kept
  PRIMARY KEY (purpose, cohort)
) STRICT;

-- how many people of a group said one thing
CREATE TABLE anonymous_cell (
  purpose TEXT NOT NULL,
  cohort TEXT NOT NULL,
  people_like TEXT NOT NULL,        -- what the people of the group have in common, as JSON
  value TEXT NOT NULL,              -- what was said; '' for the people of the group themselves
  people INTEGER NOT NULL,
  PRIMARY KEY (purpose, cohort, people_like, value)
) STRICT;
