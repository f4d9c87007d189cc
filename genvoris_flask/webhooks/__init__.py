"""The public types of events from Genvoris: see ``genvoris_flask.webhooks.events``."""
