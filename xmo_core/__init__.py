"""The engine of XMO: it knows no vendor, no question and no formula."""
