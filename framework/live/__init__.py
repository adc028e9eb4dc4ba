"""Live: a strategy run along bars that become known one by one."""
