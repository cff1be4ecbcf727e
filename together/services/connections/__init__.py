"""Members' own calendars: consented to, opened, renewed, troubled and given back."""
