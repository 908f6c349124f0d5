"""Insights: scores the answers, and turns cells into figures with honest intervals."""
