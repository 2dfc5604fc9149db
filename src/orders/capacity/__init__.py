"""What a rate of orders costs, which quota limits it, and how to configure the system for it.

plan.py     the calculation; asks AWS nothing
options.py  what the optional parts add
prices/     AWS's list prices, dated, with their sources
"""
