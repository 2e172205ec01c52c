-- +goose Up
-- The client certificates that the software which holds an API key may show, by
-- fingerprint; one that was taken off its key stays, closed.
CREATE TABLE certificat (
  cle        TEXT NOT NULL REFERENCES cle_api (id),
  empreinte  BLOB NOT NULL,
  ends_at    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  closed_at  INTEGER,
  PRIMARY KEY (cle, empreinte)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE certificat;
