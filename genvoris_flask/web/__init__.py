"""The half of the extension that knows Flask: what pages get, and the routes that browsers call.

``urls`` has all routes, and ``routes`` their views, which are imported when they are called.
``wiring`` makes the parts of an app when they are first needed, and ``state`` holds them.
``widget_tags`` and ``button`` write tags, ``auth`` and ``shopper`` find out who is asking, and
``errors`` answers what goes wrong.
"""
