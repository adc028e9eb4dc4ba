"""The live adapter: Interactive Brokers through ib_insync or ib_async."""
