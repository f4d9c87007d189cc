"""The try-on backend that browsers call."""
