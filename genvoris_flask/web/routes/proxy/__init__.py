"""Passes the requests of Genvoris's hosted widget on to Genvoris, and its answers back."""
