"""What a campaign lives through: killed processes, two at once, broken hosts, stops, a ledger that goes away."""
