-- +goose Up
CREATE TABLE reglage (
  cle    TEXT PRIMARY KEY,
  valeur INTEGER NOT NULL
) STRICT;

CREATE TABLE caisse (
  id      TEXT PRIMARY KEY,
  contenu TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE personne (
  id         INTEGER PRIMARY KEY,
  ligne      TEXT NOT NULL,
  sujet      BLOB NOT NULL,
  sentinelle INTEGER NOT NULL CHECK (sentinelle IN (0, 1)),
  identite   BLOB NOT NULL,
  liens      BLOB NOT NULL
) STRICT;

CREATE TABLE lien (
  ouvrant      INTEGER NOT NULL,
  beneficiaire INTEGER NOT NULL,
  PRIMARY KEY (ouvrant, beneficiaire)
) STRICT, WITHOUT ROWID;

CREATE TABLE dossier (
  personne INTEGER PRIMARY KEY,
  contenu  BLOB NOT NULL
) STRICT;

CREATE TABLE index_identite (
  seau    INTEGER PRIMARY KEY,
  entrees BLOB NOT NULL
) STRICT;

CREATE TABLE index_nir (
  seau    INTEGER PRIMARY KEY,
  entrees BLOB NOT NULL
) STRICT;

CREATE TABLE index_ligne (
  seau    INTEGER PRIMARY KEY,
  entrees BLOB NOT NULL
) STRICT;

CREATE TABLE ambiguite (
  a INTEGER NOT NULL,
  b INTEGER NOT NULL,
  PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

CREATE TABLE tri (
  id      INTEGER PRIMARY KEY,
  entrees BLOB NOT NULL
) STRICT;

CREATE TABLE lecture (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  contenu BLOB NOT NULL
) STRICT;

CREATE TABLE rejet (
  id      INTEGER PRIMARY KEY,
  contenu TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE rejet;
DROP TABLE lecture;
DROP TABLE tri;
DROP TABLE ambiguite;
DROP TABLE index_ligne;
DROP TABLE index_nir;
DROP TABLE index_identite;
DROP TABLE dossier;
DROP TABLE lien;
DROP TABLE personne;
DROP TABLE caisse;
DROP TABLE reglage;
