"""The typed REST client, ``client.GenvorisClient``; knows nothing of Flask."""
