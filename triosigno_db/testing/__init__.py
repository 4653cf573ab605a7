"""For the tests of whoever imports the library: a throwaway PostgreSQL."""
