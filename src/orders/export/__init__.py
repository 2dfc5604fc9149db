"""Stored orders as a file: CSV, JSON Lines or Parquet, read as a stream in bounded memory.

columns.py    what a row holds: an order, or one of its lines; pure
selection.py  which orders are exported
writing.py    the formats CSV and JSON Lines
parquet.py    the format Parquet, with the optional package pyarrow
source.py     the AWS adapter: all orders of the table, and the orders that were stored in a time window
"""
