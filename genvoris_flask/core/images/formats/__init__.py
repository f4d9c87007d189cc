"""Photo files as containers: their size in pixels, and what in them is not the picture.

Nothing is decoded here.
"""
