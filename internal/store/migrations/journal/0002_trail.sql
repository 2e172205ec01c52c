-- +goose Up
-- The logs, one a civil year, each with the place of its first entry.
CREATE TABLE arbre (
  origine TEXT PRIMARY KEY,
  first   INTEGER NOT NULL
) STRICT;

-- The signed heads. The note says everything, its instant included; origine and
-- taille only find it, and precedent, the size of the one before, shows that none
-- is missing.
CREATE TABLE point_controle (
  origine   TEXT NOT NULL,
  taille    INTEGER NOT NULL,
  precedent INTEGER NOT NULL,
  note      TEXT NOT NULL,
  PRIMARY KEY (origine, taille)
) STRICT, WITHOUT ROWID;

-- What witnesses said of a signed head, a line each. rang counts them, from 1, so
-- that the newest head of a quorum is found by its index; it proves nothing.
CREATE TABLE cosignature (
  origine TEXT NOT NULL,
  taille  INTEGER NOT NULL,
  temoin  TEXT NOT NULL,
  ligne   TEXT NOT NULL,
  rang    INTEGER NOT NULL,
  PRIMARY KEY (origine, taille, temoin)
) STRICT, WITHOUT ROWID;
CREATE INDEX cosignature_rang ON cosignature (origine, rang, taille);

-- The events of erasures, in clear: they hold nobody's data and explain what is
-- gone after the keys of their own day are. personne is the salt and the person
-- part, interne the commitment to the other.
CREATE TABLE effacement (
  n        INTEGER PRIMARY KEY,
  personne BLOB NOT NULL,
  interne  BLOB NOT NULL
) STRICT;

-- +goose Down
DROP TABLE effacement;
DROP TABLE cosignature;
DROP TABLE point_controle;
DROP TABLE arbre;
