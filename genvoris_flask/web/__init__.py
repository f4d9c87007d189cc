"""The half of the extension that knows Flask: what pages get, and the routes that browsers call.

``wiring`` makes the parts of an app and ``state`` holds them. ``widget_tags`` and ``button`` write
tags, ``auth`` and ``shopper`` find out who is asking, ``blueprints`` makes the blueprints of
``routes``, and ``errors`` answers what goes wrong.
"""
