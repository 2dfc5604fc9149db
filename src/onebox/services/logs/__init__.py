"""CloudWatch Logs: groups, streams and events. AWS:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"""
