"""What a product page gets: the button, the widget's tag and script, and who is shopping."""
