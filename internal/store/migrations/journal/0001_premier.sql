-- +goose Up
CREATE TABLE reglage (
  cle    TEXT PRIMARY KEY,
  valeur INTEGER NOT NULL
) STRICT;

CREATE TABLE temoin (
  cle    TEXT PRIMARY KEY,
  valeur BLOB NOT NULL
) STRICT;

INSERT INTO reglage (cle, valeur) VALUES ('generation', 0);

CREATE TABLE epoque (
  objet      TEXT PRIMARY KEY,
  generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE partenaire (
  id         TEXT PRIMARY KEY,
  nom        TEXT NOT NULL,
  siret      TEXT NOT NULL,
  categorie  TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE convention (
  id         TEXT NOT NULL,
  version    INTEGER NOT NULL,
  partenaire TEXT NOT NULL REFERENCES partenaire (id),
  etat       TEXT NOT NULL CHECK (etat IN ('draft', 'active', 'suspended', 'notice', 'ended')),
  document   TEXT NOT NULL,
  empreinte  TEXT NOT NULL,
  signatures TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT;

CREATE TABLE cle_api (
  id            TEXT PRIMARY KEY,
  convention    TEXT NOT NULL,
  digest        BLOB NOT NULL UNIQUE,
  last4         TEXT NOT NULL,
  environnement TEXT NOT NULL CHECK (environnement IN ('sandbox', 'production')),
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER,
  revoked_at    INTEGER
) STRICT;

CREATE TABLE quota (
  convention TEXT NOT NULL,
  jour       TEXT NOT NULL,
  pris       INTEGER NOT NULL,
  PRIMARY KEY (convention, jour)
) STRICT, WITHOUT ROWID;

CREATE TABLE restriction (
  id        TEXT PRIMARY KEY,
  sujet     BLOB NOT NULL,
  bloc      TEXT NOT NULL,
  motif     TEXT NOT NULL,
  since_at  INTEGER NOT NULL,
  until_at  INTEGER,
  lifted_at INTEGER
) STRICT;

CREATE TABLE consentement (
  id             TEXT PRIMARY KEY,
  sujet          BLOB NOT NULL,
  partenaire     TEXT NOT NULL,
  convention     TEXT NOT NULL,
  version        INTEGER NOT NULL,
  finalite       TEXT NOT NULL,
  blocs          TEXT NOT NULL,
  notice         TEXT NOT NULL,
  notice_sha256  TEXT NOT NULL,
  notice_montree INTEGER NOT NULL CHECK (notice_montree IN (0, 1)),
  canal          TEXT NOT NULL,
  acteur         TEXT NOT NULL,
  couverts       BLOB NOT NULL,
  preuve         TEXT NOT NULL,
  given_at       INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  jeton          BLOB,
  trace          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX consentement_jeton ON consentement (jeton) WHERE jeton IS NOT NULL;

CREATE INDEX consentement_sujet ON consentement (sujet, partenaire, given_at);

-- One row a commit. nodes are the hashes that its entries add to their log's
-- tree, in the order in which an RFC 6962 tree stores them: a proof reads them
-- without reading what is sealed, which comes after.
CREATE TABLE batch (
  first  INTEGER PRIMARY KEY,
  count  INTEGER NOT NULL,
  nodes  BLOB NOT NULL,
  sealed BLOB NOT NULL
) STRICT;

-- A slice holds 1,024 entries, so that a commit touches a few neighbouring pages
-- and a day is erased by ranges; a person's accesses cost one seek a slice.
-- titulaire is 1 for the connected person, or the one an act concerns, and 0 for
-- everybody else of whom something was told.
CREATE TABLE subject (
  tranche   INTEGER NOT NULL,
  digest    BLOB NOT NULL,
  n         INTEGER NOT NULL,
  titulaire INTEGER NOT NULL CHECK (titulaire IN (0, 1)),
  PRIMARY KEY (tranche, digest, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE cle_jour (
  jour   TEXT NOT NULL,
  partie TEXT NOT NULL CHECK (partie IN ('person', 'internal')),
  cle    BLOB NOT NULL,
  PRIMARY KEY (jour, partie)
) STRICT, WITHOUT ROWID;

-- What the identity desk reads: counts of everything, and one row for each
-- identification that is no match. n is the place of its entry in the log.
CREATE TABLE identification_heure (
  heure      INTEGER NOT NULL,
  partenaire TEXT NOT NULL,
  issue      TEXT NOT NULL CHECK (issue IN ('match', 'none', 'ambiguous', 'blocked')),
  tolerances TEXT NOT NULL,
  nombre     INTEGER NOT NULL,
  PRIMARY KEY (heure, partenaire, issue, tolerances)
) STRICT, WITHOUT ROWID;

CREATE TABLE identification (
  n          INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  partenaire TEXT NOT NULL,
  finalite   TEXT NOT NULL,
  issue      TEXT NOT NULL CHECK (issue IN ('none', 'ambiguous', 'blocked')),
  motif      TEXT NOT NULL,
  tolerances TEXT NOT NULL,
  rejets     TEXT NOT NULL,
  candidats  INTEGER NOT NULL,
  regle      TEXT NOT NULL,
  sub        BLOB,
  personne   BLOB,
  avant      BLOB,
  forgotten_at INTEGER
) STRICT;

CREATE INDEX identification_at ON identification (at);

CREATE INDEX identification_blocked ON identification (at) WHERE issue = 'blocked';

-- To whom a FranceConnect subject led, all as keyed pseudonyms: it is compared
-- with, and nobody is ever found through it. A person is the same by its number
-- or by its row in the source, so that a number may be reissued.
CREATE TABLE sub_personne (
  sub      BLOB PRIMARY KEY,
  personne BLOB NOT NULL,
  ligne    BLOB NOT NULL,
  since_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE sub_personne;
DROP TABLE identification;
DROP TABLE identification_heure;
DROP TABLE cle_jour;
DROP TABLE subject;
DROP TABLE batch;
DROP TABLE consentement;
DROP TABLE restriction;
DROP TABLE quota;
DROP TABLE cle_api;
DROP TABLE convention;
DROP TABLE partenaire;
DROP TABLE epoque;
DROP TABLE temoin;
DROP TABLE reglage;
