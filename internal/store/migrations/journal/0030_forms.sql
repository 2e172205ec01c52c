-- +goose Up
-- What an applicant joins to a request: name and content sealed, the content in
-- pieces of its own so that a list never reads it.
CREATE TABLE piece (
  id         TEXT PRIMARY KEY,
  demande    TEXT NOT NULL REFERENCES demande (id),
  champ      TEXT NOT NULL,
  nom        BLOB NOT NULL,
  taille     INTEGER NOT NULL,
  contenu    BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX piece_demande ON piece (demande);

-- Forms that were sent: the same one twice is one act.
CREATE TABLE envoi_unique (
  jeton   TEXT PRIMARY KEY,
  demande TEXT NOT NULL,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX envoi_unique_at ON envoi_unique (at);

-- How many events of a request an account has seen.
CREATE TABLE demande_vue (
  compte  TEXT NOT NULL,
  demande TEXT NOT NULL,
  vu      INTEGER NOT NULL,
  PRIMARY KEY (compte, demande)
) STRICT, WITHOUT ROWID;

-- Which version of which convention was prepared out of a grant.
CREATE TABLE convention_preparee (
  demande    TEXT NOT NULL,
  octroi     INTEGER NOT NULL,
  convention TEXT NOT NULL,
  version    INTEGER NOT NULL,
  PRIMARY KEY (demande, octroi)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE convention_preparee;
DROP TABLE demande_vue;
DROP TABLE envoi_unique;
DROP TABLE piece;
