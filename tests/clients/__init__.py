"""Sessions of the real client libraries against the gateway, which know it by its port alone."""
