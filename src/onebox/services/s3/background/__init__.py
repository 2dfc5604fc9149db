"""What S3 does by itself: lifecycle rules, and the delivery of event notifications."""
