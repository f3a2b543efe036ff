--no space
--
----
/**/
-- -- Rollback: no, this is prose
SELECT 1 -- Rollback: neither
;
SELECT '
-- Rollback:
--   no, a string
';
-- A last word before the block.

-- Rollback:
--
--   SELECT 1;
--	
--SELECT 2; -- right at the marker
