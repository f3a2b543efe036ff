-- Invoices, one row each.
CREATE TYPE plan AS ENUM ('solo' 'team');

-- Rollback:
--   DROP TYPE plan;
