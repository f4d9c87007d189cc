"""Everything that is not Flask: Genvoris's API, sessions, try-ons, billing and storage.

Nothing here imports Flask or Werkzeug, or asks for the current app.
"""
