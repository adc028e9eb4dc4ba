"""The referee: the same strategy on backtrader's Cerebro. The only room that imports backtrader."""
