"""What runs by itself: event source mappings and asynchronous invocations."""
