UPDATE a SET b = 1;

-- irreversible: what b was is not kept.
