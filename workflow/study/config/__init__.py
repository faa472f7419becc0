"""The config: the keys of a study and what each allows."""
