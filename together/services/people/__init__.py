"""Members, matches and programs, and what administrators do with them."""
