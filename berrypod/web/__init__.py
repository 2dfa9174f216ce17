"""The shop over HTTP: pages for customers and admins, and the JSON API. Handlers hold no SQL and touch no files.

access      who may call what: admins by default, scopes for tokens, public by exception
security    headers, cookies, CSRF
problems    errors as problem details for programs, as pages for people
templating  the one Jinja environment
storefront  pages for customers; admin: pages for admins; api: JSON
"""
