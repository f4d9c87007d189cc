"""A token for a shopper: minted once, remembered, verified. Knows nothing of Flask."""
