"""Run files, flags and Python arguments turned into a plan of validated objects."""
