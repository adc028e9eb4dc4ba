"""What a run means: metrics, trades, result files, tables, pictures."""
