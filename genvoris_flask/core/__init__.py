"""Everything that is not Flask: Genvoris's API, sessions, try-ons, billing and storage.

Nothing here imports Flask, Werkzeug or Jinja, or looks up the current app.
"""
