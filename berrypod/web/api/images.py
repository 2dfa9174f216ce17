"""Pictures: their bytes for everybody, and uploading and deleting for programs."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from berrypod.shop import Page, PageRequest, Shop
from berrypod.shop.paging import PAGE_SIZE
from berrypod.shop.picture_check import MAX_PICTURE_BYTES
from berrypod.shop.picture_records import VERSION_DIGITS, PictureRecord
from berrypod.web.answers import ASK_AGAIN, FOR_EVER, ReadyAnswer
from berrypod.web.api.bodies import RawPicture, UnsupportedKind, read_limited
from berrypod.web.api.describing import (
    FOR_ALL,
    READING,
    WRITING,
    PageNumber,
    PageSize,
    documented_header,
    problems,
)


class ImagesController(Controller):
    path = "/images"
    tags = ("pictures",)

    @get(
        "/{image_id:int}",
        opt=FOR_ALL,
        operation_id="getImage",
        summary="Get the bytes of a picture",
        description="With the `v` that comes with its address the answer may be kept for ever; without, it is checked "
        "by its entity tag.",
        responses={
            **problems(404),
            200: ResponseSpec(bytes, description="The picture", media_type="image/*", generate_examples=False),
        },
        response_headers=[documented_header("ETag", "SHA-256 of the bytes")],
    )
    async def get_image(
        self,
        shop: NamedDependency[Shop],
        image_id: FromPath[int],
        v: Annotated[str | None, QueryParameter(max_length=64, description="First digits of the SHA-256")] = None,
    ) -> ReadyAnswer:
        picture = await shop.pictures.get(image_id)
        head = picture.head
        return ReadyAnswer(
            picture.data,
            etag=head.sha256,
            media_type=head.media_type,
            cache_control=FOR_EVER if v == head.sha256[:VERSION_DIGITS] else ASK_AGAIN,
        )

    @get(
        opt=READING,
        operation_id="listImages",
        summary="List pictures, newest first",
        responses=problems(),
    )
    async def list_images(
        self, shop: NamedDependency[Shop], page: PageNumber = 1, page_size: PageSize = PAGE_SIZE
    ) -> Page[PictureRecord]:
        return await shop.pictures.list(PageRequest(page, page_size))

    @post(
        opt=WRITING,
        operation_id="uploadImage",
        summary="Upload a picture",
        description="The body is the file itself, not a form: JPEG, PNG, WebP or GIF, up to 10 MB and 25 megapixels. "
        "What a photograph tells besides (place, time, camera) is taken out, and its pixels stay as they are. "
        "The same picture is kept once: sent again, it gives the one that is there (200).",
        operation_class=RawPicture,
        responses={
            **problems(413, 415),
            200: ResponseSpec(PictureRecord, description="It was there already", generate_examples=False),
        },
        response_headers=[documented_header("Location", "Where the bytes are")],
        # Ours says what to do; Litestar's own limit, just above it, is for bodies that say nothing of their length.
        request_max_body_size=MAX_PICTURE_BYTES + 1,
    )
    async def upload(
        self,
        request: Request[Any, Any, Any],
        shop: NamedDependency[Shop],
        filename: Annotated[str, QueryParameter(max_length=200, description="What the file is called")] = "",
        alt: Annotated[str, QueryParameter(max_length=500, description="Description for who cannot see it")] = "",
    ) -> Response[PictureRecord]:
        kind = request.headers.get("content-type", "")
        if not kind.lower().startswith("image/"):
            raise UnsupportedKind(f"The body is {kind[:100]!r}, not a picture")
        data = await read_limited(request, MAX_PICTURE_BYTES)
        added = await shop.pictures.add(data, filename=filename, alt=alt)
        return Response(
            added.picture, status_code=200 if added.existed else 201, headers={"location": added.picture.url}
        )

    @delete(
        "/{image_id:int}",
        opt=WRITING,
        operation_id="deleteImage",
        summary="Delete a picture that no product shows",
        responses=problems(404, 409),
    )
    async def delete_image(self, shop: NamedDependency[Shop], image_id: FromPath[int]) -> None:
        await shop.pictures.delete(image_id)
