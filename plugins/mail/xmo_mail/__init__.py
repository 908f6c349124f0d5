"""Mail over SMTP: the question goes to the requester's address, and not into the ticket."""
