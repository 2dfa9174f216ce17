"""What the forms of drills call. They lead back to the page."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from berrypod.web.access import actor_of, address_of
from berrypod_backup.drill.service import Drill
from berrypod_backup.panel import PAGE


class DrillPagesController(Controller):
    """For signed-in admins, which is what a route is for that says nothing else."""

    path = f"{PAGE}/drill"
    include_in_schema = False

    @post(status_code=303)
    async def start(self, request: Request[Any, Any, Any], drill: NamedDependency[Drill]) -> Redirect:
        """The fields are `exporter` and `copy`; and `kind`, for a check."""
        form = await request.form()
        exporter, copy_id = str(form.get("exporter", "")), str(form.get("copy", ""))
        kind = "check" if form.get("kind") == "check" else "drill"
        record = await drill.start(exporter, copy_id, actor_of(request), address=address_of(request), kind=kind)
        return Redirect(f"{PAGE}?drill={record.id}", status_code=303)

    @post("/{drill_id:str}/delete", status_code=303)
    async def delete(self, drill: NamedDependency[Drill], drill_id: FromPath[str]) -> Redirect:
        await drill.delete(drill_id)
        return Redirect(PAGE, status_code=303)
