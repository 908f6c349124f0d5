"""Jira: Cloud, Data Center and Service Management; comments with the question, and a sandbox."""
