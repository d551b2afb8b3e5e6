"""Estimate, capacity, plan, replan, explain: pure functions; the only home of OR-Tools."""
