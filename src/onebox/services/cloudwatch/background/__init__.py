"""Work of CloudWatch that runs by itself."""
