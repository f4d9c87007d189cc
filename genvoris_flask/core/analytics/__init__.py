"""Events of the widget: checked, and sent to Genvoris in the background.

Others use ``read_events`` (``event_schema``) and ``EventSender`` (``event_sender``).
"""
