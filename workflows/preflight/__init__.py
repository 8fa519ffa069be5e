"""What is read in the home tenant before people decide."""
