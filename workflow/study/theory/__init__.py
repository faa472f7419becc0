"""What theory predicts for the runs."""
