"""What SNS does by itself: it sends the requests to HTTP endpoints."""
