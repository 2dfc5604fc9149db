"""What S3 does by itself: lifecycle rules, the delivery of event notifications, the deletion of unused bytes."""
