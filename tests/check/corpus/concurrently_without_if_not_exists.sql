-- Invoices are sorted by their total.
-- migrate: no-transaction
CREATE INDEX CONCURRENTLY invoices_total_idx ON public.invoices (total);

-- Rollback:
--   DROP INDEX CONCURRENTLY public.invoices_total_idx;
