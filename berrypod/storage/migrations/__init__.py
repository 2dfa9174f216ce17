"""The history of the schema, run by Alembic through Advanced Alchemy (`schema.upgrade`)."""
