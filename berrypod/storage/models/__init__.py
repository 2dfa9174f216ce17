"""The tables of a shop. Names and columns are a contract: backups are compared by them, and other programs read them.

catalogue   products, product_variants, product_images, images
orders      orders, order_items
accounts    admins, admin_sessions, api_tokens, login_attempts
shop        settings, newsletter_subscribers
"""

from berrypod.storage.models.accounts import Admin, AdminSession, ApiToken, LoginAttempts
from berrypod.storage.models.base import Base, metadata
from berrypod.storage.models.catalogue import Image, Product, ProductImage, ProductVariant
from berrypod.storage.models.orders import Order, OrderItem
from berrypod.storage.models.shop import NewsletterSubscriber, Setting

__all__ = [
    "Admin",
    "AdminSession",
    "ApiToken",
    "Base",
    "Image",
    "LoginAttempts",
    "NewsletterSubscriber",
    "Order",
    "OrderItem",
    "Product",
    "ProductImage",
    "ProductVariant",
    "Setting",
    "metadata",
]
