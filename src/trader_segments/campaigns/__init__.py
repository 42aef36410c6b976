"""Audiences on their way out, and what campaigns did."""
