"""What could go wrong, asked before anything starts: named rules, each with its reason and its cure."""
