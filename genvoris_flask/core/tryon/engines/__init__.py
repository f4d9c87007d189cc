"""What makes a try-on's picture: Genvoris, or the shop's own function."""
