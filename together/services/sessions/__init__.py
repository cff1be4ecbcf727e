"""Sessions: booked, moved, repeated, noted and cancelled, each in one transaction."""
