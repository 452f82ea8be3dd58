-- Running legal deadlines, and the years of working days that were announced after this build was made.

-- one deadline of one matter by one rule; of those of a matter the earliest governs. No personal data; the person is
-- named where the matter is theirs, so that it goes with them
CREATE TABLE clock (
  id BLOB NOT NULL PRIMARY KEY,
  about TEXT NOT NULL,              -- what kind of matter: case, request, review, incident …; immutable
  matter TEXT NOT NULL,             -- which one; immutable
  subject BLOB,                     -- whose, where it is somebody's; immutable
  regime TEXT NOT NULL,             -- the rule: a law record's full name, or a place in the policy; immutable
  period TEXT NOT NULL,             -- e.g. 15 working days; immutable
  calendar TEXT NOT NULL,           -- cn, eu, us-ca; immutable
  gives_way INTEGER NOT NULL,       -- whether a last day that is not worked gives way to the next; immutable
  started INTEGER NOT NULL,         -- immutable
  due INTEGER NOT NULL,             -- the instant it is over
  last_day TEXT,                    -- null where hours are counted
  version TEXT NOT NULL,            -- the calendar's
  provisional INTEGER NOT NULL,
  governs INTEGER NOT NULL,         -- whether it is the earliest of its matter
  alarmed INTEGER NOT NULL,         -- the last alarm given: 0, 50, 80, 100 per cent
  done INTEGER                      -- when the matter was dealt with; null while it runs
) STRICT;
CREATE UNIQUE INDEX clock_matter ON clock (about, matter, regime);
CREATE INDEX clock_due ON clock (due, id) WHERE done IS NULL AND governs = 1;
CREATE INDEX clock_subject ON clock (subject) WHERE subject IS NOT NULL;

-- an announced year, in the layout of the calendars that ship; a corrected one takes its place
CREATE TABLE calendar_year (
  calendar TEXT NOT NULL,
  year INTEGER NOT NULL,
  days TEXT NOT NULL,
  taken INTEGER NOT NULL,
  PRIMARY KEY (calendar, year)
) STRICT;
