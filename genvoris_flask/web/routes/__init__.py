"""The routes that browsers, Genvoris and Stripe call."""
