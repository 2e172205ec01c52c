-- +goose Up
-- What a person does not recognise in its journal, kept for the DPO: the text
-- sealed, the person as in its agreements. accord is an agreement that the person
-- contests, '' when it reports an entry. One a person and entry.
CREATE TABLE signalement (
  id          TEXT PRIMARY KEY,
  sujet       BLOB NOT NULL,
  n           INTEGER NOT NULL,
  texte       BLOB NOT NULL,
  accord      TEXT NOT NULL DEFAULT '',
  reported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX signalement_sujet ON signalement (sujet, n);

CREATE INDEX signalement_reported_at ON signalement (reported_at, id);

-- +goose Down
DROP TABLE signalement;
