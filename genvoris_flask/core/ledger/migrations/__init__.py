"""The ledger's migrations, which ``flask genvoris db upgrade`` runs with Alembic."""
