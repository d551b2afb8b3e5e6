"""Ways out of the house: e-mail by SMTP, webhooks by HTTPS, files in a folder. Each is told one message at a time."""
