"""What the OpenAPI document says of answers that Litestar cannot read from the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from berrypod.web.problems import PROBLEM_JSON, Problem

Responses = dict[int, ResponseSpec]


def _problem(description: str) -> ResponseSpec:
    return ResponseSpec(Problem, description=description, media_type=PROBLEM_JSON, generate_examples=False)


LOCATION: Final = [ResponseHeader(name="Location", description="Where its state is", documentation_only=True)]

UNKNOWN: Final[Responses] = {404: _problem("There is none of this id, or no longer (`restore_unknown`)")}

NOT_READY: Final[Responses] = {409: _problem("Its state is another one (`restore_not_ready`)")}

RUNNING: Final[Responses] = {409: _problem("It is being applied (`restore_running`)")}

UPLOAD: Final[Responses] = {
    400: _problem("Fewer bytes came than were announced (`upload_incomplete`)"),
    409: _problem("As many files as may be are staged already (`too_many_restores`)"),
    413: _problem("The file is larger than BERRYPOD_RESTORE_MAX_BYTES (`upload_too_large`)"),
    415: _problem("The body is not sent as raw bytes (`wrong_content_type`)"),
    507: _problem("There is no space for it: how much is needed, and how much is free (`disk_full`)"),
}

KEPT: Final[Responses] = {
    404: _problem("The exporter has no such copy, or there is no such exporter (`copy_unknown`)"),
    409: UPLOAD[409],
    502: _problem("The exporter failed (`exporter_failed`)"),
    507: UPLOAD[507],
}

APPLY: Final[Responses] = {
    **UNKNOWN,
    409: _problem(
        "The shop, or the file, is not what was compared (`state_changed`, with `expect` and `comparison` as they are "
        "now); another one is being applied (`restore_running`); it is not ready (`restore_not_ready`)"
    ),
    422: _problem("Other words than the ones to be typed (`invalid`)"),
}

UNDO: Final[Responses] = {
    404: _problem("There is no such former database (`former_unknown`)"),
    409: _problem(
        "Something would be lost and `expect` is missing (`would_lose`, with `expect` and `comparison`); the shop has "
        "changed since (`state_changed`); it cannot be read (`former_unusable`); another one is being applied "
        "(`restore_running`)"
    ),
}

CSV: Final[Responses] = {200: ResponseSpec(str, description="The list", media_type="text/csv", generate_examples=False)}

EVENTS: Final[Responses] = {
    200: ResponseSpec(str, description="Server-sent events", media_type="text/event-stream", generate_examples=False)
}


@dataclass
class OptionalBody(Operation):
    """Litestar requires every body, also one that has a default."""

    def __post_init__(self) -> None:
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


@dataclass
class RawBody(Operation):
    """A body that is read piece by piece, of which Litestar knows nothing."""

    def __post_init__(self) -> None:
        schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(
            description="The backup's bytes",
            required=True,
            content={"application/octet-stream": OpenAPIMediaType(schema)},
        )
