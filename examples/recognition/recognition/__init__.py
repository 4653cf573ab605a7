"""The recognition service: it stores which signs it has recognised."""
