"""What is in the demo shop: goods, customers, orders, settings. Nothing here knows of pictures or of the database."""
