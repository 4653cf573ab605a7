"""Every model and column is taken wherever it belongs, or named there as left out."""
