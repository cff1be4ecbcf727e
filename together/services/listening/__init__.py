"""Tells the listeners of plugins what became of sessions."""
