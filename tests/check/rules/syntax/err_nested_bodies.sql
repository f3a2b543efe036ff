DO $outer$
BEGIN
    CREATE FUNCTION inner_one() RETURNS int LANGUAGE plpgsql AS $inner$
    BEGIN
        RETURN 1 + ;
    END;
    $inner$;
    CREATE FUNCTION inner_two() RETURNS int LANGUAGE sql AS 'SELECT ''a'' FORM b';
END
$outer$;

-- Nothing to undo: it is only a fixture.
