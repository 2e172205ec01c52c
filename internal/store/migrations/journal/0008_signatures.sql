-- +goose Up
-- The keys under which the parties of conventions sign: of a partner, or of the
-- operator (no partner). What was signed under a key stays signed when the key
-- is retired; what was not, cannot be any more.
CREATE TABLE cle_signature (
  id         TEXT PRIMARY KEY,
  partenaire TEXT NOT NULL,
  cle        TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  retired_at INTEGER,
  UNIQUE (partenaire, cle)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE cle_signature;
