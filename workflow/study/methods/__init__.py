"""Any method against any other: other optimisers, and mini-batches."""
