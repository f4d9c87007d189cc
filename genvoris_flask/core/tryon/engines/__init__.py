"""What makes a try-on's picture: Genvoris (``hosted``), or the shop's own function (``custom``).

``base`` has the protocol that both follow.
"""
