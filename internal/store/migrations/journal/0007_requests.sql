-- +goose Up
-- Requests for access: what is listed in clear, everything that was written
-- sealed. version counts the acts, so that two people never decide on one text.
CREATE TABLE demande (
  id           TEXT PRIMARY KEY,
  organisation TEXT NOT NULL,
  etat         TEXT NOT NULL CHECK (etat IN ('draft', 'submitted', 'changes_requested', 'validated', 'refused', 'revoked', 'archived')),
  reouverte    INTEGER NOT NULL CHECK (reouverte IN (0, 1)),
  version      INTEGER NOT NULL,
  contenu      BLOB NOT NULL,
  created_at   INTEGER NOT NULL,
  submitted_at INTEGER,
  changed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX demande_etat ON demande (etat, changed_at);

CREATE INDEX demande_organisation ON demande (organisation);

-- +goose Down
DROP TABLE demande;
