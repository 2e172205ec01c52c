-- +goose Up
CREATE TABLE reglage (
  cle    TEXT PRIMARY KEY,
  valeur INTEGER NOT NULL
) STRICT;

CREATE TABLE temoin (
  cle    TEXT PRIMARY KEY,
  valeur BLOB NOT NULL
) STRICT;

INSERT INTO reglage (cle, valeur) VALUES ('chargement', 0), ('version', 0);

CREATE TABLE chargement (
  id           INTEGER PRIMARY KEY,
  jeu          TEXT NOT NULL CHECK (jeu IN ('complet', 'delta')),
  reference_on TEXT NOT NULL,
  etat         TEXT NOT NULL CHECK (etat IN ('en_cours', 'visible', 'remplace', 'abandonne')),
  begun_at     INTEGER NOT NULL,
  visible_at   INTEGER,
  personnes    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE caisse (
  chargement INTEGER NOT NULL,
  id         TEXT NOT NULL,
  contenu    TEXT NOT NULL,
  PRIMARY KEY (chargement, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE personne (
  id         INTEGER PRIMARY KEY,
  chargement INTEGER NOT NULL,
  ligne      TEXT NOT NULL,
  ligne_no   INTEGER NOT NULL,
  sujet      BLOB NOT NULL,
  sentinelle INTEGER NOT NULL CHECK (sentinelle IN (0, 1)),
  identite   BLOB NOT NULL,
  UNIQUE (chargement, ligne)
) STRICT;

CREATE TABLE index_identite (
  cle      BLOB NOT NULL,
  personne INTEGER NOT NULL,
  PRIMARY KEY (cle, personne)
) STRICT, WITHOUT ROWID;

CREATE INDEX index_identite_personne ON index_identite (personne);

CREATE TABLE index_nir (
  chargement INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  personne   INTEGER NOT NULL,
  precedent  INTEGER NOT NULL CHECK (precedent IN (0, 1)),
  PRIMARY KEY (chargement, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX index_nir_personne ON index_nir (personne);

CREATE TABLE rattachement (
  id            INTEGER PRIMARY KEY,
  chargement    INTEGER NOT NULL,
  ouvrant_ligne TEXT NOT NULL,
  ouvrant       INTEGER,
  beneficiaire  INTEGER NOT NULL,
  caisse_due    TEXT,
  contenu       BLOB NOT NULL
) STRICT;

CREATE INDEX rattachement_ouvrant ON rattachement (ouvrant);

CREATE INDEX rattachement_beneficiaire ON rattachement (beneficiaire);

CREATE TABLE dossier (
  personne INTEGER PRIMARY KEY,
  contenu  BLOB NOT NULL
) STRICT;

-- +goose Down
DROP TABLE dossier;
DROP TABLE rattachement;
DROP TABLE index_nir;
DROP TABLE index_identite;
DROP TABLE personne;
DROP TABLE caisse;
DROP TABLE chargement;
DROP TABLE temoin;
DROP TABLE reglage;
