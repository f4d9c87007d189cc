"""What ``flask genvoris init`` is made of.

``project`` finds out what the app uses, ``answers`` asks for the settings, ``env_file``,
``templates`` and ``source`` propose changes of files (``changes``), and ``steps`` runs the commands
that follow.
"""
