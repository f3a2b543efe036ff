CREATE TABLE IF NOT EXISTS a (b int);

-- +goose Down
--   DROP TABLE a;
--   -- Data loss: all of a.
