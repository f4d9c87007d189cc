"""How often a shopper, and an address, may call what costs something."""
