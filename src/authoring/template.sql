-- Why this change is made, in one or two lines.

-- The way forward, with IF NOT EXISTS and the like. What cannot be run twice says so in a line at the top:
-- `Not rerunnable` with a colon and the reason.


-- Rollback:
--   -- The way back in SQL, each line a comment. It restores the schema before this file exactly.
--   -- Say what is destroyed on the way back, or there: `Data loss` with a colon and what. Delete the lines that say nothing.
