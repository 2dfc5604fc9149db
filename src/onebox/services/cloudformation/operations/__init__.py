"""The API operations of CloudFormation, a file for each family."""
