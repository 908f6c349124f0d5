"""Roundup for XMO."""
