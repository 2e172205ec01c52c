-- +goose Up
-- Programs that drive the administration: their secret as a keyed digest.
CREATE TABLE machine (
  id         TEXT PRIMARY KEY,
  digest     BLOB NOT NULL UNIQUE,
  nom        TEXT NOT NULL,
  role       TEXT NOT NULL,
  directeur  TEXT NOT NULL,
  last4      TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE machine;
