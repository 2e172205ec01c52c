-- +goose Up
-- What a process has set aside of a day's quota, until it uses it or dies: calls
-- counted and what is set aside never exceed the quota together.
CREATE TABLE quota_bail (
  convention TEXT NOT NULL,
  jour       TEXT NOT NULL,
  porteur    TEXT NOT NULL,
  reste      INTEGER NOT NULL,
  until_at   INTEGER NOT NULL,
  PRIMARY KEY (convention, jour, porteur)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE quota_bail;
