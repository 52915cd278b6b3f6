"""Steps that bring the tables of a registry up to date; run by cases.database.migrate."""
