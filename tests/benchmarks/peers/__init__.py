"""One program per peer: the workloads as a user of that library would write them."""
