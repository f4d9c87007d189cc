"""What the law asks of a shop that handles photos of people.

- ``consents``: what shoppers agree to before their photo is read, and the record that they did.
"""
