"""A seeded fuzzer over all operations that onebox offers, made from AWS's service models.

world.py    resources that exist, so that requests get past the look-up
inputs.py   values for any shape: right ones, hostile ones, and names of the resources
fuzzer.py   sends them to a onebox of its own and judges the answers
__main__.py ``make fuzz``
"""
