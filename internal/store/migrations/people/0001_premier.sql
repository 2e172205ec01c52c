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
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  reference_on TEXT NOT NULL,
  etat         TEXT NOT NULL CHECK (etat IN ('en_cours', 'visible', 'remplace', 'abandonne')),
  begun_at     INTEGER NOT NULL,
  visible_at   INTEGER
) STRICT;

-- +goose Down
DROP TABLE chargement;
DROP TABLE temoin;
DROP TABLE reglage;
