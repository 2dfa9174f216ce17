"""Names that several modules share. Apart, so that the hook that declares settings imports nothing else."""

from __future__ import annotations

from typing import Final

PART: Final = "alarms"
PAGE: Final = "alarms"
PATH: Final = f"/admin/{PAGE}"

# Not below the page's own path, or the router would look for the page among these.
FORMS: Final = "/admin/notify"

EMAIL: Final = "email"
WEBHOOK: Final = "webhook"
PACE: Final = "pace"

PREFIX: Final = "BERRYPOD_NOTIFY_"
SMTP_HOST: Final = f"{PREFIX}SMTP_HOST"
SMTP_PORT: Final = f"{PREFIX}SMTP_PORT"
SMTP_SECURITY: Final = f"{PREFIX}SMTP_SECURITY"
SMTP_USERNAME: Final = f"{PREFIX}SMTP_USERNAME"
SMTP_PASSWORD: Final = f"{PREFIX}SMTP_PASSWORD"
SMTP_FROM: Final = f"{PREFIX}SMTP_FROM"
SMTP_TO: Final = f"{PREFIX}SMTP_TO"
WEBHOOK_URL: Final = f"{PREFIX}WEBHOOK_URL"
WEBHOOK_SECRET: Final = f"{PREFIX}WEBHOOK_SECRET"
REMIND_HOURS: Final = f"{PREFIX}REMIND_HOURS"
LOOK_SECONDS: Final = f"{PREFIX}LOOK_SECONDS"
