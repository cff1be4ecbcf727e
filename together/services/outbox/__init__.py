"""What is to reach calendars and mailboxes: written down, and brought there once."""
