-- +goose Up
-- Questions and incidents of partners: what is listed in clear, what was
-- written sealed.
CREATE TABLE dossier (
  id           TEXT PRIMARY KEY,
  nature       TEXT NOT NULL CHECK (nature IN ('question', 'incident')),
  organisation TEXT NOT NULL,
  etat         TEXT NOT NULL CHECK (etat IN ('attente', 'repondu', 'clos')),
  contenu      BLOB NOT NULL,
  opened_at    INTEGER NOT NULL,
  changed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX dossier_organisation ON dossier (organisation, changed_at);

CREATE INDEX dossier_nature ON dossier (nature, etat, changed_at);

-- +goose Down
DROP TABLE dossier;
