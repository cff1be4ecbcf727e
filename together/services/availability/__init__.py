"""When people are free, as far as the one who asks may know."""
