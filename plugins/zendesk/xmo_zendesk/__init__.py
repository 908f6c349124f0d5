"""Zendesk Support: tickets through the incremental export, comments with the question, and a sandbox."""
