-- when each wrapped key was made, for the inventory; null for those made before it was kept. From here on a row
-- is written anew when the root key rotates: the same secret, wrapped by another version.
ALTER TABLE wrapped ADD COLUMN made INTEGER;
