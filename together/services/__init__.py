"""One verb of the product per module; services raise, the floor above shows."""
