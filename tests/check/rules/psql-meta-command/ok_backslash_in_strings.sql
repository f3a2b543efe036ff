SELECT 'C:\dir', E'a\nb', $$\d users$$; -- \i is a comment
/* \c too */

-- Nothing to undo: it is only a fixture.
