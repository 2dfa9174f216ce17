"""What all tables share."""

from __future__ import annotations

from advanced_alchemy.base import BigIntAuditBase, metadata_registry

# `id`, `created_at` and `updated_at` (UTC). Money is in integer minor units (cents), never in floats.
Base = BigIntAuditBase

metadata = metadata_registry.get()
