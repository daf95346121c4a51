"""Text of sparse rows: pairs of a column and a value."""
