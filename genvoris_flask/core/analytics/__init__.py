"""What shoppers do with the widget, taken from browsers and told to Genvoris in the background."""
