"""Virtual try-on by Genvoris for Flask shops."""
