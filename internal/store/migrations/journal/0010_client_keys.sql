-- +goose Up
-- The public key (JWK) under which the software that holds an API key signs.
ALTER TABLE cle_api ADD COLUMN cle_client TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE cle_api DROP COLUMN cle_client;
