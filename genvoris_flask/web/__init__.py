"""What all routes have in common: who may call them, how often, and how they answer."""
