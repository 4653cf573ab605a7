"""Generate migrations: SQL that turns one catalog into another."""
