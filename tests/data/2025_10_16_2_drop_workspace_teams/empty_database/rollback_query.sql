SELECT count(*) FROM teams;
