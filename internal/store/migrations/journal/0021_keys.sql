-- +goose Up
-- A key may be suspended, which is undone, beside being revoked, which is not.
ALTER TABLE cle_api ADD COLUMN suspended_at INTEGER;
ALTER TABLE cle_api ADD COLUMN suspendue_pour TEXT NOT NULL DEFAULT '';
-- The vendor whose key it is, '' for a key of the convention's own partner.
ALTER TABLE cle_api ADD COLUMN editeur TEXT NOT NULL DEFAULT '';

-- How much each key is used, by day: nothing of whom.
CREATE TABLE cle_usage (
  cle      TEXT NOT NULL,
  jour     TEXT NOT NULL,
  appels   INTEGER NOT NULL,
  nuit     INTEGER NOT NULL,
  inconnus INTEGER NOT NULL,
  PRIMARY KEY (cle, jour)
) STRICT, WITHOUT ROWID;

-- The reminders that have been sent of the end of a key or of a certificate.
CREATE TABLE rappel (
  objet   TEXT NOT NULL,
  palier  INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  PRIMARY KEY (objet, palier)
) STRICT, WITHOUT ROWID;

-- To whom one writes at a partner about its keys; sealed.
CREATE TABLE contact (
  partenaire TEXT PRIMARY KEY,
  adresse    BLOB NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- What was found unusual in the use of a key, once a day and kind. The requests
-- are the identifiers of that key's own calls.
CREATE TABLE alerte (
  id         TEXT PRIMARY KEY,
  cle        TEXT NOT NULL,
  partenaire TEXT NOT NULL,
  genre      TEXT NOT NULL,
  jour       TEXT NOT NULL,
  requetes   TEXT NOT NULL,
  suspendue  INTEGER NOT NULL,
  made_at    INTEGER NOT NULL,
  UNIQUE (cle, genre, jour)
) STRICT;

-- The conventions under which a software vendor may call for their partner.
CREATE TABLE delegation (
  editeur    TEXT NOT NULL REFERENCES partenaire (id),
  convention TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at   INTEGER,
  ended_by   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (editeur, convention)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE delegation;
DROP TABLE alerte;
DROP TABLE contact;
DROP TABLE rappel;
DROP TABLE cle_usage;
ALTER TABLE cle_api DROP COLUMN editeur;
ALTER TABLE cle_api DROP COLUMN suspendue_pour;
ALTER TABLE cle_api DROP COLUMN suspended_at;
