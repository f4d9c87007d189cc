"""A local Genvoris for development and tests: plans, customers, sessions, quotas and try-ons.

It keeps its data in SQLite, signs real tokens, and refuses as the service does. It listens on
this machine alone.
"""
