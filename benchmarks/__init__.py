"""What redemption costs, as ratios to baselines of the same run: `python -m benchmarks`."""
