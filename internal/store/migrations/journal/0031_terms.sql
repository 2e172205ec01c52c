-- +goose Up
-- The versions of the terms of use that were announced, and from which day each
-- holds.
CREATE TABLE modalites (
  version     TEXT PRIMARY KEY,
  empreinte   TEXT NOT NULL,
  vaut_on     TEXT NOT NULL,
  announced_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE modalites;
