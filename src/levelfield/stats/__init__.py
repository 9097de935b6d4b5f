"""Pure statistics: percentiles, early stopping, confidence intervals."""
