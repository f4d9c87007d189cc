"""Events that Genvoris delivers to the shop: see ``genvoris_flask.webhooks.events``."""
