"""The migrations of the store, in the order in which they are applied."""
