"""The JSON API of the shop, under /api. Handlers translate between HTTP and `berrypod.shop`, and decide nothing.

products, images           what customers read: ready answers with entity tags
orders, subscribers        anybody may order, join and leave; a token is needed to see who did
inventory, settings        for programs that look after the shop
audit                      who did what to it
health                     what is not well, in words
bodies, describing         what the handlers share
"""

from litestar import Router

from berrypod.web.api.audit import audit_api
from berrypod.web.api.health import conditions_api
from berrypod.web.api.images import ImagesController
from berrypod.web.api.inventory import InventoryController, ProductChangesController
from berrypod.web.api.orders import OrdersController
from berrypod.web.api.products import ProductsController
from berrypod.web.api.settings import SettingsController
from berrypod.web.api.subscribers import SubscribersController

handlers = [
    Router(
        "/api",
        route_handlers=[
            ProductsController,
            ImagesController,
            OrdersController,
            SubscribersController,
            InventoryController,
            ProductChangesController,
            SettingsController,
            audit_api,
            conditions_api,
        ],
    )
]
