"""Tables, migrations, transactions, projections: SQLite by default, PostgreSQL by its URL."""
