"""Readers of JPEG, PNG, WebP and HEIC files, one module each (HEIC and JPEG have a second).

Each reader takes a file's bytes and a `Budget`, and returns a `Container`: the picture's size, the
parts that draw it, and the parts to drop. Nothing is decoded. ``photos`` chooses the reader.
"""
