"""What the shop does, without HTTP. `Shop` is the way in.

catalogue    what customers see of the products: hot reads
inventory    products and variants for the admin's side
pictures     the bytes of pictures, and which are accepted
baskets      what a customer's basket comes to today
orders       placing (`placing`), listing, shipping, cancelling
subscribers  the newsletter
settings     what the admin may set
freshness    answers that are kept until anything in the file changes
money, checking, paging   amounts, input and lists, as all of these treat them
*_records    the records that come and go; they are the API's JSON as well
"""

from berrypod.shop.facade import Shop
from berrypod.shop.money import format_money
from berrypod.shop.paging import Page, PageRequest

__all__ = ["Page", "PageRequest", "Shop", "format_money"]
