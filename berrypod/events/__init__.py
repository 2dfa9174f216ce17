"""What happened: frozen records that plugins are told of by the hook `berrypod_observe`.

    shop       ShopStarted  ShopStopping  ProductChanged  OrderPlaced  OrderStatusChanged
               SubscriberJoined  SubscriberLeft
    access     AdminCreated  AdminChanged  AdminSignedIn  AdminSignInFailed  AdminSignedOut
               TokenCreated  TokenRevoked
    backup     BackupStarted  BackupFinished  BackupFailed  BackupDownloaded
               KeptBackupDownloaded  KeptBackupDeleted  BackupProven  BackupDrillFailed
               BackupScheduleChanged  BackupRetentionChanged  BackupPlaceChanged
    restore    RestoreStaged  RestoreInspected  RestoreRefused  RestoreDiscarded
               RestoreStarted  RestoreStageReached  RestoreFinished  RestoreFailed  RestoreInterrupted
               RestoreUndone  FormerDatabaseRemoved
    key        KeyKitMade  KeyKept  KeyNotRecognised  BaseKeyRotated  DatabaseEncrypted  DatabaseDecrypted
               KeyRotationStarted  KeyRotated  KeyRotationFailed  KeyRotationConfirmed
    alarms     NotificationSent  NotificationFailed  NotificationSettingsChanged
    plugins    PluginQuarantined

An event says that something has been done, never that it is about to be. It carries identifiers and counts,
not customers' names or addresses: observers send events to places that the shop does not know.
"""

from __future__ import annotations

from berrypod.events.access import (
    AdminChanged,
    AdminCreated,
    AdminSignedIn,
    AdminSignedOut,
    AdminSignInFailed,
    TokenCreated,
    TokenRevoked,
)
from berrypod.events.backups import (
    BackupDownloaded,
    BackupDrillFailed,
    BackupFailed,
    BackupFinished,
    BackupPlaceChanged,
    BackupProven,
    BackupRetentionChanged,
    BackupScheduleChanged,
    BackupStarted,
    KeptBackupDeleted,
    KeptBackupDownloaded,
)
from berrypod.events.base import Event
from berrypod.events.keys import (
    BaseKeyRotated,
    DatabaseDecrypted,
    DatabaseEncrypted,
    KeyKept,
    KeyKitMade,
    KeyNotRecognised,
    KeyRotated,
    KeyRotationConfirmed,
    KeyRotationFailed,
    KeyRotationStarted,
)
from berrypod.events.notifications import NotificationFailed, NotificationSent, NotificationSettingsChanged
from berrypod.events.restores import (
    FormerDatabaseRemoved,
    RestoreDiscarded,
    RestoreFailed,
    RestoreFinished,
    RestoreInspected,
    RestoreInterrupted,
    RestoreRefused,
    RestoreStaged,
    RestoreStageReached,
    RestoreStarted,
    RestoreUndone,
)
from berrypod.events.shop import (
    OrderPlaced,
    OrderStatusChanged,
    PluginQuarantined,
    ProductChanged,
    ShopStarted,
    ShopStopping,
    SubscriberJoined,
    SubscriberLeft,
)

__all__ = [
    "AdminChanged",
    "AdminCreated",
    "AdminSignInFailed",
    "AdminSignedIn",
    "AdminSignedOut",
    "BackupDownloaded",
    "BackupDrillFailed",
    "BackupFailed",
    "BackupFinished",
    "BackupPlaceChanged",
    "BackupProven",
    "BackupRetentionChanged",
    "BackupScheduleChanged",
    "BackupStarted",
    "BaseKeyRotated",
    "DatabaseDecrypted",
    "DatabaseEncrypted",
    "Event",
    "FormerDatabaseRemoved",
    "KeptBackupDeleted",
    "KeptBackupDownloaded",
    "KeyKept",
    "KeyKitMade",
    "KeyNotRecognised",
    "KeyRotated",
    "KeyRotationConfirmed",
    "KeyRotationFailed",
    "KeyRotationStarted",
    "NotificationFailed",
    "NotificationSent",
    "NotificationSettingsChanged",
    "OrderPlaced",
    "OrderStatusChanged",
    "PluginQuarantined",
    "ProductChanged",
    "RestoreDiscarded",
    "RestoreFailed",
    "RestoreFinished",
    "RestoreInspected",
    "RestoreInterrupted",
    "RestoreRefused",
    "RestoreStageReached",
    "RestoreStaged",
    "RestoreStarted",
    "RestoreUndone",
    "ShopStarted",
    "ShopStopping",
    "SubscriberJoined",
    "SubscriberLeft",
    "TokenCreated",
    "TokenRevoked",
]
