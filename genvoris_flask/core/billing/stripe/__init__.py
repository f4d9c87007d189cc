"""Stripe's events: merged into records, from which follows what Genvoris is told."""
