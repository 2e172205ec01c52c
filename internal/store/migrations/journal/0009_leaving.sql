-- +goose Up
-- The last day of a convention that is left, YYYY-MM-DD.
ALTER TABLE convention ADD COLUMN dernier_on TEXT;

-- +goose Down
ALTER TABLE convention DROP COLUMN dernier_on;
