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
  changed_at   INTEGER NOT NULL,
  first_submitted_at INTEGER, -- of the events, for the statistics
  first_answered_at  INTEGER,
  granted            INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One index for each order of the queue: a page reads its own rows, and a count
-- reads no content.
CREATE INDEX demande_etat ON demande (etat, changed_at);

CREATE INDEX demande_depot ON demande (submitted_at, id, etat);

CREATE INDEX demande_change ON demande (changed_at, id);

CREATE INDEX demande_attente ON demande (etat, submitted_at, version);

CREATE INDEX demande_delai ON demande (first_submitted_at, first_answered_at, etat, granted);

CREATE INDEX demande_organisation ON demande (organisation);

-- +goose Down
DROP TABLE demande;
