-- +goose Up
-- What a partner may see of its own calls: nothing of a person. One row for the
-- calls of a partner that one commit made durable, and counts a day.
CREATE TABLE appel (
  partenaire TEXT NOT NULL,
  first      INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  appels     BLOB NOT NULL,
  PRIMARY KEY (partenaire, first)
) STRICT, WITHOUT ROWID;

CREATE INDEX appel_at ON appel (at);

CREATE TABLE usage_jour (
  partenaire TEXT NOT NULL,
  jour       TEXT NOT NULL,
  convention TEXT NOT NULL,
  cle        TEXT NOT NULL,
  operation  TEXT NOT NULL,
  issue      TEXT NOT NULL,
  nombre     INTEGER NOT NULL,
  duree_us   INTEGER NOT NULL,
  pire_us    INTEGER NOT NULL,
  PRIMARY KEY (partenaire, jour, convention, cle, operation, issue)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE usage_jour;
DROP TABLE appel;
