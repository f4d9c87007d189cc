"""Photos and pictures: what a file is, and what is cut out of it."""
