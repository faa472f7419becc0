"""What each result was made from, and whether it is still up to date."""
