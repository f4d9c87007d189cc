"""Photos and pictures: checked by their bytes, stripped of metadata, and marked when finished.

``photos.clean_photo`` is the one way in. It takes the bytes of an upload and returns a `Photo`
that may be sent to an engine, without metadata, or raises `PhotoError`. ``photos.read_picture``
checks what an engine returns. Both judge a file by its bytes alone, by walking over the parts of
its ``container``, which a module of ``formats`` reads. Nothing is decoded, so a small file that
claims gigabytes of pixels costs nothing. ``marking.PictureMark`` marks a finished picture as made
by a model; only its visible mark needs a picture to be decoded.
"""
