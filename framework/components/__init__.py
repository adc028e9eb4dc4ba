"""Pluggable parts, one small Protocol each: sizing, limits, exits, commission, slippage."""
