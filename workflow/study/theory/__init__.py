"""What mathematics says that runs should show."""
