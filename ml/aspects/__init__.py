"""What a text speaks of: aspects and complaint systems."""
