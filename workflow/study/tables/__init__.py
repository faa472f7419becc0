"""The form of a table, and how it is read and written."""
