"""The sandbox's web pages: an overview with its buttons and charts, and the API reference."""
