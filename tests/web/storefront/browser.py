"""A browser that runs no script: it keeps cookies, fills in forms and follows redirects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

ORIGIN = "https://shop.test"

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, given: dict[str, str]) -> dict[str, str]:
        """What a browser would send: what stands in the fields, then what the visitor entered."""
        return {**dict(self.fields), **given}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.unclosed: list[str] = []
        self.mismatched: list[str] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, attributes))
        if tag not in _VOID:
            self.unclosed.append(tag)
        if tag == "form":
            self.forms.append(Form(attributes.get("action", ""), attributes.get("method", "get")))
        if self.forms and (name := attributes.get("name")):
            self._take_field(tag, name, attributes)

    def _take_field(self, tag: str, name: str, attributes: dict[str, str]) -> None:
        form = self.forms[-1]
        if tag == "input" and attributes.get("type") == "radio":
            if "disabled" not in attributes:
                form.choices.setdefault(name, []).append(attributes["value"])
            if "checked" not in attributes:
                return
        if tag == "input":
            form.fields.append((name, attributes.get("value", "")))
        elif tag in ("textarea", "select"):
            form.fields.append((name, ""))
            self._area = name if tag == "textarea" else None
            form.choices.setdefault(name, [])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Parts of pictures close themselves.
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.unclosed or self.unclosed.pop() != tag:
            self.mismatched.append(tag)
        self._area = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._area is not None:
            self.forms[-1].fields.append((self._area, data))


class Page:
    """An answer, and what a reader sees of it."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.path = response.url.raw_path.decode()
        self.html = response.text
        self._reader = _Reader()
        self._reader.feed(self.html)

    @property
    def text(self) -> str:
        """The words, as they are read out."""
        return re.sub(r"\s+", " ", " ".join(self._reader.words)).strip()

    @property
    def forms(self) -> list[Form]:
        return self._reader.forms

    @property
    def elements(self) -> list[Element]:
        return self._reader.elements

    @property
    def broken_tags(self) -> list[str]:
        """Tags that are not closed, or not in the right order."""
        return self._reader.unclosed + self._reader.mismatched

    def form(self, action: str) -> Form:
        found = next((form for form in self.forms if form.action == action), None)
        assert found is not None, f"no form goes to {action}: {[form.action for form in self.forms]}"
        return found

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """Attributes of the elements of that kind."""
        return [
            element.attributes
            for element in self.elements
            if element.tag == tag and attributes.items() <= element.attributes.items()
        ]

    @property
    def token(self) -> str:
        """The token of the page's forms."""
        return self.all("input", name="_csrf_token")[0]["value"]

    @property
    def pieces(self) -> int:
        """The number beside the word Basket."""
        found = re.search(r"data-basket-count>(\d+)<", self.html)
        return int(found[1]) if found else 0


class Browser:
    def __init__(self, app: Any) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, follow_redirects=True)
        self.page: Page

    async def open(self, path: str) -> Page:
        self.page = Page(await self.client.get(path))
        return self.page

    async def send(self, action: str, /, **given: str) -> Page:
        """Fill in the form of the page that goes to `action`, and send it."""
        form = self.page.form(action)
        return await self.post(action or self.page.path, form.filled(given))

    async def post(self, path: str, fields: dict[str, str]) -> Page:
        self.page = Page(await self.client.post(path, data=fields))
        return self.page

    async def put_in_basket(self, slug: str, **given: str) -> Page:
        """Open a product and put it into the basket; `option_0="Plum"` chooses."""
        await self.open(f"/products/{slug}")
        chosen = {name.replace("option_", "option-"): value for name, value in given.items()}
        form = self.page.form(f"/products/{slug}")
        return await self.post(f"/products/{slug}", form.filled(chosen))
