"""The registries of tests/cases, on both databases; one server for all tests here."""

from tests.cases.conftest import postgresql, rulebook, where

__all__ = ["postgresql", "rulebook", "where"]
