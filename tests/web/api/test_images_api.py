"""Pictures over HTTP: served to be kept, uploaded as they are, and nothing else than pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from berrypod.shop.picture_check import MAX_PICTURE_BYTES
from tests.shop.making import picture_bytes
from tests.web.api.conftest import Client, check_problem

WEBP = {"content-type": "image/webp"}


def test_a_picture_is_uploaded_shown_and_deleted(client: Client, write: dict[str, str], read: dict[str, str]) -> None:
    data = picture_bytes("WEBP", size=(20, 10))
    answer = client.post("/api/images?filename=jar.webp&alt=A%20jar", content=data, headers=write | WEBP)
    assert answer.status_code == 201
    record = answer.json()
    assert (record["media_type"], record["width"], record["alt"]) == ("image/webp", 20, "A jar")
    assert answer.headers["location"] == record["url"]
    assert client.post("/api/images", content=data, headers=write | WEBP).status_code == 200
    assert client.get("/api/images", headers=read).json()["items"] == [record]

    shown = client.get(record["url"])
    assert (shown.status_code, shown.content) == (200, data)
    assert shown.headers["content-type"] == "image/webp"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["etag"] == f'"{record["sha256"]}"'
    again = client.get(record["url"], headers={"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for other in ("", "?v=", "?v=00000000"):
        unversioned = client.get(f"/api/images/{record['id']}{other}")
        assert unversioned.headers["cache-control"] == "public, no-cache"

    gallery = [{"image_id": record["id"], "variant_sku": "BOWL"}]
    client.put("/api/products/plum-bowl/images", json=gallery, headers=write).raise_for_status()
    assert client.get("/api/products/plum-bowl").json()["pictures"][0]["url"] == record["url"]
    body = check_problem(client.delete(f"/api/images/{record['id']}", headers=write), 409, "conflict")
    assert body["products"] == ["plum-bowl"]
    client.put("/api/products/plum-bowl/images", json=[], headers=write).raise_for_status()
    assert client.delete(f"/api/images/{record['id']}", headers=write).status_code == 204
    check_problem(client.get(record["url"]), 404, "not_found")


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "multipart/form-data; boundary=x", "text/html"])
def test_a_body_of_another_kind_is_refused(unchanged: Client, write: dict[str, str], kind: str) -> None:
    answer = unchanged.post("/api/images", content=picture_bytes(), headers=write | {"content-type": kind})
    check_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("data", [b"", b"<svg/>", picture_bytes("PNG", size=(90, 90))[:-40], b"GIF89a" + b"\xff" * 99])
def test_what_is_no_picture_is_refused_whatever_it_is_called(
    unchanged: Client, write: dict[str, str], data: bytes
) -> None:
    answer = unchanged.post("/api/images?filename=jar.webp", content=data, headers=write | WEBP)
    assert "data" in check_problem(answer, 422, "invalid")["fields"]


def test_a_picture_beyond_the_limit_is_refused_announced_or_not(unchanged: Client, write: dict[str, str]) -> None:
    """A body that is sent in pieces says nothing of its length beforehand."""

    def pieces() -> Iterator[bytes]:
        for _ in range(12):
            yield b"x" * (1024 * 1024)

    announced = unchanged.post("/api/images", content=b"x" * (MAX_PICTURE_BYTES + 1), headers=write | WEBP)
    check_problem(announced, 413)
    check_problem(unchanged.post("/api/images", content=pieces(), headers=write | WEBP), 413)


def test_a_picture_at_the_limit_is_read(unchanged: Client, write: dict[str, str]) -> None:
    """It is refused for what it is, not for its size."""
    answer = unchanged.post("/api/images", content=b"x" * MAX_PICTURE_BYTES, headers=write | WEBP)
    check_problem(answer, 422, "invalid")


@pytest.mark.parametrize("number", ["0", "-1", "999", "9" * 30, "9" * 5000, "1.5", "one", "%00", "1%20OR%201"])
def test_a_number_without_a_picture_is_not_found(unchanged: Client, write: dict[str, str], number: str) -> None:
    check_problem(unchanged.get(f"/api/images/{number}"), 404, "not_found")
    check_problem(unchanged.delete(f"/api/images/{number}", headers=write), 404, "not_found")


@pytest.mark.parametrize("query", ["filename=" + "x" * 201, "alt=" + "x" * 501, "alt=%00"])
def test_texts_that_cannot_be_are_refused(unchanged: Client, write: dict[str, str], query: str) -> None:
    answer = unchanged.post(f"/api/images?{query}", content=picture_bytes(), headers=write | WEBP)
    check_problem(answer, 422, "invalid")
