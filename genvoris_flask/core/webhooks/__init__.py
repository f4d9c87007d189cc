"""Deliveries from Genvoris: verified, de-duplicated, and given to the shop's handlers."""
