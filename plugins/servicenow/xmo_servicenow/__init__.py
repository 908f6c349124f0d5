"""ServiceNow: tickets through the Table API (over pysnow), comments with the question, and a sandbox."""
