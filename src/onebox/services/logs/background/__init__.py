"""Work of CloudWatch Logs that runs by itself."""
