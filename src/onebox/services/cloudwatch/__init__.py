"""CloudWatch: metrics, alarms, dashboards. AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"""
