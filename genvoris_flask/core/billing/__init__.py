"""Selling: plans by declaration, and what comes after a sale."""
