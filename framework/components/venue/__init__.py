"""Rules of the broker and the exchanges: what Interactive Brokers would not take."""
