"""Other subscribers of OrderTopic.

filters.py        subscription filters as operators write them
subscriptions.py  the AWS adapter: subscriptions in SNS
"""
