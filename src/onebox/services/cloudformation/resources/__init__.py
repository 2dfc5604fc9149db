"""Resource types: for each family a file that says what a resource is and how the services make, change and end it."""
