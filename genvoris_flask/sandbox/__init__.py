"""A local Genvoris for development and tests: plans, customers, sessions, quotas and try-ons.

It keeps its data in SQLite, signs real tokens and refuses what the service refuses. It only
listens on this machine. ``app.create_app`` makes it, ``http.server.SandboxServer`` serves it, and
``python -m genvoris_flask.sandbox`` does both.

The packages, from top to bottom:

- ``routes``: the views of Genvoris's API, and those that only a sandbox has
- ``pages``: what a person sees in a browser
- ``http``: the server, and what every request passes before its view
- ``domain``: the data and the rules
- ``pictures``: the preview pictures
"""
