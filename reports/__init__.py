"""What leaves the house: evidence, notices, certificates, the profit report."""
