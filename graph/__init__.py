"""What happens, in what order."""
