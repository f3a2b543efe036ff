-- Every way to write a string or a name, none of which ends where it seems to.
SELECT 'it''s', E'it\'s; \\ \n', U&'d\0061ta', B'1010', X'1FF', $$it's$$, $a$ $$ ; $b$ $a$, N'x', '/* no */', '-- no';
SELECT 'a'
    'b' AS "semi;colon", "quo""te", U&"d\0061ta", "größe" FROM (VALUES (1, 2, 3)) AS t ("quo""te", "data", "größe");
SELECT $fn$ SELECT '$fn'; $fn$, $größe$ x $größe$, $_1$ $$ $_1$;
/* a /* nested; ' */ comment " $$ */
SELECT 1 /* between */ + /* ' */ 2; -- ' " $$ /*
SELECT '\', E'\\', 'C:\temp\';

-- Nothing to undo: it is only a fixture.
