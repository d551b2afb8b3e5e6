"""The portal, in a real server, with a real ledger and a real browser."""
