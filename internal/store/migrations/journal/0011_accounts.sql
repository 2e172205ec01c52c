-- +goose Up
-- People of partners and agents: found by keyed digests, told nowhere; who they
-- are, their mandate and their second factor sealed. One account a side, since
-- an agent is never a member.
CREATE TABLE compte (
  id           TEXT PRIMARY KEY,
  cote         TEXT NOT NULL CHECK (cote IN ('membre', 'agent')),
  organisation TEXT NOT NULL,
  cle          BLOB UNIQUE,
  courriel     BLOB NOT NULL,
  role         TEXT NOT NULL,
  contenu      BLOB NOT NULL,
  created_at   INTEGER NOT NULL,
  seen_at      INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX compte_courriel ON compte (cote, organisation, courriel);

-- +goose Down
DROP TABLE compte;
