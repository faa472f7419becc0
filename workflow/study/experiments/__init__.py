"""Experiments: methods on data of their own, such as remedies and networks."""
