-- +goose Up

-- What happened between a person and a partner, added and never changed: what
-- holds now is what consent.Fold makes of the lines, in the order of n. People
-- are keyed digests, trace is the place of the line's leaf in the log.
CREATE TABLE partage_evenement (
  n          INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  sujet      BLOB NOT NULL,
  partenaire TEXT NOT NULL REFERENCES partenaire (id),
  acte       TEXT NOT NULL CHECK (acte IN ('given', 'withdrawn', 'paused', 'allowed', 'chosen', 'contested', 'expired', 'replaced', 'asked')),
  at         INTEGER NOT NULL,
  until_at   INTEGER,
  accord     TEXT NOT NULL,
  blocs      TEXT,
  refus      TEXT,
  exclus     BLOB NOT NULL,
  termes     TEXT,
  notice     TEXT NOT NULL,
  canal      TEXT NOT NULL,
  acteur     TEXT NOT NULL,
  motif      TEXT NOT NULL,
  trace      INTEGER NOT NULL
) STRICT;

CREATE INDEX partage_evenement_sujet ON partage_evenement (sujet, partenaire, n);

CREATE INDEX partage_evenement_trace ON partage_evenement (trace);

CREATE INDEX partage_evenement_accord ON partage_evenement (accord) WHERE accord <> '';

-- Under whom a person has decided whose former number stood for another: what it
-- agreed to under that one is found with what it decided since.
CREATE TABLE sujet_ancien (
  ancien BLOB NOT NULL,
  sujet  BLOB NOT NULL,
  PRIMARY KEY (ancien, sujet)
) STRICT, WITHOUT ROWID;

-- What a person asks of us: a sealed address, and whether to write to it.
CREATE TABLE preference (
  sujet      BLOB PRIMARY KEY,
  adresse    BLOB NOT NULL,
  prevenir   INTEGER NOT NULL CHECK (prevenir IN (0, 1)),
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where a partner is told of what people decide; address and secret are sealed.
CREATE TABLE crochet (
  partenaire TEXT PRIMARY KEY REFERENCES partenaire (id),
  adresse    BLOB NOT NULL,
  secret     BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is to be sent, written with the act that causes it. Lines of one file
-- leave in the order of n; a line ends sent or dead. What it says is sealed.
CREATE TABLE envoi (
  n          INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  file       BLOB NOT NULL,
  canal      TEXT NOT NULL CHECK (canal IN ('webhook', 'mail')),
  type       TEXT NOT NULL,
  partenaire TEXT NOT NULL,
  sujet      BLOB NOT NULL,
  contenu    BLOB NOT NULL,
  made_at    INTEGER NOT NULL,
  since_at   INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  essais     INTEGER NOT NULL DEFAULT 0,
  dernier    TEXT NOT NULL DEFAULT '',
  sent_at    INTEGER,
  dead_at    INTEGER
) STRICT;

CREATE INDEX envoi_attente ON envoi (file, n) WHERE sent_at IS NULL AND dead_at IS NULL;

CREATE INDEX envoi_receveur ON envoi (partenaire, canal, n) WHERE sent_at IS NULL AND dead_at IS NULL;

CREATE INDEX envoi_du ON envoi (canal, due_at) WHERE sent_at IS NULL AND dead_at IS NULL;

CREATE INDEX envoi_partenaire ON envoi (partenaire, n);

-- Agreements that live for days, by their end.
CREATE INDEX consentement_long ON consentement (expires_at) WHERE expires_at - given_at > 86400000;

INSERT INTO reglage (cle, valeur) VALUES ('fins', 0), ('rappels', 0);

-- +goose Down
DROP INDEX consentement_long;
DROP TABLE envoi;
DROP TABLE crochet;
DROP TABLE preference;
DROP TABLE sujet_ancien;
DROP TABLE partage_evenement;
