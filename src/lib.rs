//! Carries the PostgreSQL schema of Dsentr and brings a database to it.
