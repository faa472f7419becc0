"""What was made from what, and whether it still is."""
