"""Rows: models, migrations, transactions and the vault that seals secrets."""
