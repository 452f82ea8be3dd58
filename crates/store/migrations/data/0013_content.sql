-- Content: pictures and videos, uploads under way, and what people published.

-- a picture or video of a record, or a smaller picture made of one; sealed in chunks that rest in objects.
-- The key is derived with the id, which stands nowhere else: without its row nothing opens the objects.
CREATE TABLE blob (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  item TEXT NOT NULL,
  record BLOB NOT NULL,
  role TEXT NOT NULL,               -- whole, small
  media TEXT NOT NULL,              -- the media type, by its content
  size INTEGER NOT NULL,            -- plain bytes
  PRIMARY KEY (subject, id)
) STRICT;
CREATE UNIQUE INDEX blob_record ON blob (subject, item, record, role);

-- which objects hold the chunks of a blob or of an upload; immutable once written
CREATE TABLE blob_object (
  subject BLOB NOT NULL,
  blob BLOB NOT NULL,
  start INTEGER NOT NULL,           -- number of its first chunk
  chunks INTEGER NOT NULL,
  name BLOB NOT NULL,               -- the object's name: random
  PRIMARY KEY (subject, blob, start)
) STRICT;
CREATE UNIQUE INDEX blob_object_name ON blob_object (name);

-- an upload under way; what is kept of it is sealed already
CREATE TABLE upload (
  subject BLOB NOT NULL,
  id BLOB NOT NULL,
  blob BLOB NOT NULL,
  item TEXT NOT NULL,
  purpose TEXT NOT NULL,
  size INTEGER NOT NULL,            -- bytes announced
  kept INTEGER NOT NULL,            -- bytes kept so far, whole chunks but for the end
  state TEXT NOT NULL,              -- where the cleaning of the stream stands; nothing of its content
  expires INTEGER NOT NULL,
  PRIMARY KEY (subject, id)
) STRICT;
CREATE INDEX upload_expires ON upload (expires);

-- objects that belong to nothing (any more), and when they go; nobody's
CREATE TABLE loose_object (
  name BLOB NOT NULL PRIMARY KEY,
  due INTEGER NOT NULL
) STRICT;
CREATE INDEX loose_object_due ON loose_object (due);

-- what a person published; goes with the record, the consent or the person
CREATE TABLE publication (
  subject BLOB NOT NULL,
  item TEXT NOT NULL,
  record BLOB NOT NULL,
  id BLOB NOT NULL,                 -- random; its name for everyone
  at INTEGER NOT NULL,
  thread BLOB,                      -- the post a comment belongs to; null for a post
  parent BLOB,                      -- what a comment answers; it may be gone
  PRIMARY KEY (subject, item, record)
) STRICT;
CREATE UNIQUE INDEX publication_id ON publication (id);
CREATE INDEX publication_feed ON publication (at, id) WHERE thread IS NULL;
CREATE INDEX publication_thread ON publication (thread, at, id) WHERE thread IS NOT NULL;
