"""Limits how often a shopper, and an address, may call routes that cost something.

Views use ``requests``, which counts the current request. ``Limiter`` counts in Redis for all
processes, or in the memory of this one while Redis is unavailable.
"""
