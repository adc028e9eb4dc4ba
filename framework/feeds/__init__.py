"""Where bars come from: the user's files, the samples, resampling."""
