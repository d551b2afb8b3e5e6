"""Where clients, sites, hosts and crew come from, and what hosts say about themselves."""
