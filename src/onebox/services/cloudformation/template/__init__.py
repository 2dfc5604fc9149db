"""Templates: reading, checking and evaluating them. Pure: text and values in, values or AwsErrors out."""
