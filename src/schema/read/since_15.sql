-- Catalogs that are there from PostgreSQL 15 on.
SELECT format('published schema %I in publication %I', n.nspname, p.pubname), 'published', NULL
FROM pg_publication_namespace
JOIN pg_publication AS p ON p.oid = pnpubid
JOIN pg_namespace AS n ON n.oid = pnnspid
