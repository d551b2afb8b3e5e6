"""The same fix as playbooks."""
