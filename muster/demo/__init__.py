"""The demo: a real campaign against real SSH hosts that it starts on this machine."""
