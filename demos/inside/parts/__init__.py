"""What the demos of this family are built from, and their longer figures."""
