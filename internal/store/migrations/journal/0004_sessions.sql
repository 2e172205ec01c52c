-- +goose Up
-- Sessions of the citizen space: the token as a keyed digest, the person as
-- another, so that somebody's sessions are found and nobody is.
CREATE TABLE session (
  jeton      BLOB PRIMARY KEY,
  personne   BLOB NOT NULL,
  contenu    BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_personne ON session (personne);

-- +goose Down
DROP TABLE session;
