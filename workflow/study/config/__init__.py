"""The config: what a study may ask for."""
