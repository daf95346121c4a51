"""Single cells: counts of genes, and what is known of cells and genes."""
