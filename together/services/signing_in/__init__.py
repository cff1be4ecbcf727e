"""Who somebody is: from a bearer token to a member."""
