"""What the admin may set, for programs."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from berrypod.shop import Shop
from berrypod.shop.fields import described
from berrypod.shop.settings import SettingRecord
from berrypod.web.api.describing import READING, WRITING, problems


class SettingValue(msgspec.Struct, forbid_unknown_fields=True):
    value: Annotated[Any, described("Any JSON value; those that the shop reads must have the right type", "EUR")]


class SettingsController(Controller):
    path = "/settings"
    tags = ("settings",)

    @get(
        opt=READING,
        operation_id="listSettings",
        summary="List all settings, with defaults",
        responses=problems(),
    )
    async def list_settings(self, shop: NamedDependency[Shop]) -> list[SettingRecord]:
        return await shop.settings.list()

    @get(
        "/{key:str}",
        opt=READING,
        operation_id="getSetting",
        summary="Get a setting",
        responses=problems(404),
    )
    async def get_setting(self, shop: NamedDependency[Shop], key: FromPath[str]) -> SettingRecord:
        return await shop.settings.record(key)

    @put(
        "/{key:str}",
        opt=WRITING,
        operation_id="putSetting",
        summary="Set a setting",
        responses=problems(),
    )
    async def put_setting(
        self, shop: NamedDependency[Shop], key: FromPath[str], data: JSONBody[SettingValue]
    ) -> SettingRecord:
        return await shop.settings.put_as_client(key, data.value)

    @delete(
        "/{key:str}",
        opt=WRITING,
        operation_id="resetSetting",
        summary="Set a setting back to its default",
        responses=problems(404),
    )
    async def reset_setting(self, shop: NamedDependency[Shop], key: FromPath[str]) -> None:
        await shop.settings.reset_as_client(key)
