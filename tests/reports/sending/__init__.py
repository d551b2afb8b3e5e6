"""Sending: real SMTP and HTTP servers on loopback, with TLS, log-in and every kind of misbehaviour."""
