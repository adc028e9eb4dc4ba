"""TWS on your own machine: a server that real Interactive Brokers clients connect to."""
