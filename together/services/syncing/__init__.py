"""From the calendar to Together: told that something changed, asking what, and taking it over."""
