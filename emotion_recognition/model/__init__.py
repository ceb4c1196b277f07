"""Networks: frame encoder, branches, fusion, heads, and their checkpoints."""
