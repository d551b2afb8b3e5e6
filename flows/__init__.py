"""Prefect: sequence, retry, concurrency, approval, and nothing else."""
