    IF newest IS NULL AND to_regclass(<ledger>) IS NULL THEN
        SELECT count(*), string_agg(name, ', ' ORDER BY name) INTO number, list FROM <sealed>;
        IF number > 0 THEN
            RAISE EXCEPTION USING
                MESSAGE = 'the database has ' || number || ' table' || CASE number WHEN 1 THEN '' ELSE 's' END
                    || ' of this schema and no history of them: ' || list || '; nothing was done',
                HINT = 'where another tool made them, or somebody by hand, `dsentr-migrate adopt` writes the history';
        END IF;
    END IF;
