"""What gives a picture a number."""
