"""`flask sessions bench`: every way to keep sessions, measured in one run on one core."""
