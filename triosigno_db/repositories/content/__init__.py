"""Content: what a service can do with categories, signs, modules and lessons."""
