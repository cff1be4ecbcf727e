"""One consent for everybody, and what an organization's administrators see of it."""
