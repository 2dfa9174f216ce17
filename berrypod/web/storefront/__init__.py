"""The shop as customers see it: HTML pages that work without a script."""

from litestar import Router
from litestar.di import Provide

from berrypod.web.storefront import basket_pages, newsletter_pages, order_pages, shelf_pages, text_pages
from berrypod.web.storefront.site import provide_site

handlers = [
    Router(
        path="/",
        route_handlers=[
            shelf_pages.shelf,
            shelf_pages.product,
            basket_pages.put_in,
            basket_pages.show,
            basket_pages.change,
            order_pages.ask,
            order_pages.place,
            order_pages.thanks,
            newsletter_pages.invitation,
            newsletter_pages.sign_up,
            newsletter_pages.signed_up,
            newsletter_pages.ask_to_leave,
            newsletter_pages.leave,
            text_pages.text,
        ],
        dependencies={"site": Provide(provide_site, sync_to_thread=False)},
    )
]

__all__ = ["handlers"]
