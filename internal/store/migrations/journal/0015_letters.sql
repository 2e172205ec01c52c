-- +goose Up
-- Registered letters by which a partner leaves: when one was received, and its
-- scan, sealed.
CREATE TABLE lettre (
  convention TEXT PRIMARY KEY,
  recue_on   TEXT NOT NULL,
  contenu    BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE lettre;
