"""What a file is that somebody wants to restore: a verdict, with words for people and what to do next."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Code = Literal[
    "valid",
    "schema_older",
    "plain",
    "empty",
    "too_short",
    "not_a_database",
    "wrong_key",
    "key_needed",
    "other_cipher_settings",
    "half_written",
    "journal_beside",
    "truncated",
    "damaged_first_page",
    "damaged",
    "foreign_database",
    "schema_newer",
    "foreign_objects",
    "broken_references",
]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`acceptable`: the file can be restored as far as its bytes tell; guards are asked next.

    `wants_key`: another key may open it, and `rekeying.rekey` then brings it under the shop's. Of the other verdicts
    that refuse, `plain` alone has a remedy here: `rekey` without an old key encrypts the file.
    """

    code: Code
    title: str
    message: str
    hint: str
    acceptable: bool
    wants_key: bool = False


class _Words(msgspec.Struct, frozen=True):
    title: str
    message: str
    hint: str


_FETCH_AGAIN: Final = (
    "Fetch the backup again from where it is kept, and compare its size there with the one shown here."
)
_ON_ITS_WAY: Final = (
    "Fetch the backup again from where it is kept: it may have been damaged on its way. "
    "If that one is the same, choose an earlier backup."
)

_WORDS: Final[dict[Code, _Words]] = {
    "valid": _Words(
        "A whole backup of a shop",
        "Every page of the file is as it was written, and it has the schema of this version of Berrypod.",
        "Compare it with the shop as it is now before you restore it.",
    ),
    "schema_older": _Words(
        "A whole backup, made by an earlier version of Berrypod",
        "Every page of the file is as it was written. Its schema is an earlier one, and is brought up to date.",
        "Nothing is left for you to do: a copy is changed, and your file stays as it is.",
    ),
    "plain": _Words(
        "A shop, but not encrypted",
        "The file is a whole shop that anybody can read. This shop is encrypted.",
        "Let it be encrypted with this shop's key, and go on.",
    ),
    "empty": _Words(
        "The file is empty",
        "It has no bytes: a copy or a download of it has failed.",
        "Fetch the backup again from where it is kept.",
    ),
    "too_short": _Words(
        "The file is too short",
        "It has fewer bytes than the smallest database.",
        _FETCH_AGAIN,
    ),
    "not_a_database": _Words(
        "The file is not a database",
        "It is a file of another kind.",
        "Choose a file that Berrypod made: their names begin with `berrypod-backup-` and end with `.db`.",
    ),
    "wrong_key": _Words(
        "This shop's key does not open the file",
        "No page of it can be read with the key: it was made with another one, or it is no database at all.",
        "If the shop once had another key, enter that one. It is used for this file once, and not kept.",
    ),
    "key_needed": _Words(
        "The file is encrypted, and this shop has no key",
        "Only the key with which it was made can tell what is in it.",
        "Enter the key with which it was made. It is used for this file once, and not kept.",
    ),
    "other_cipher_settings": _Words(
        "The key is right, but the file was encrypted with other settings",
        "Another program made it, or an older SQLCipher.",
        "Convert it to SQLCipher 4 with its default settings (`PRAGMA cipher_migrate` in the sqlcipher program "
        "does it for older versions), and try again with the result.",
    ),
    "half_written": _Words(
        "The file was never finished",
        "A backup was being written to it when its program was stopped, or when the disk was full.",
        "Nothing can be restored from it. Choose an earlier backup, or make a new one.",
    ),
    "journal_beside": _Words(
        "There is a journal beside the file",
        "The newest changes are in the journal, so the file alone is not the whole shop. It is a database in use, or "
        "was copied while it was.",
        "Choose a backup that was made with `berrypod backup create` or downloaded from the backup page.",
    ),
    "truncated": _Words(
        "The file is cut off",
        "The key is right, but the end of the file is missing.",
        _FETCH_AGAIN,
    ),
    "damaged_first_page": _Words(
        "The first page of the file is damaged",
        "The key is right and other pages can be read, but the first one has changed since it was written.",
        _ON_ITS_WAY,
    ),
    "damaged": _Words(
        "The file is damaged",
        "The key is right, but what is in the file has changed since it was written.",
        _ON_ITS_WAY,
    ),
    "foreign_database": _Words(
        "This is another program's database",
        "It is a whole database, but not of a Berrypod shop.",
        "Choose a file that Berrypod made: their names begin with `berrypod-backup-` and end with `.db`.",
    ),
    "schema_newer": _Words(
        "A backup made by a later version of Berrypod",
        "Its schema is one that this version does not know.",
        "Install the version that made it, or a later one, and restore it there.",
    ),
    "foreign_objects": _Words(
        "The file holds more than a shop, or less",
        "Its tables are not those that Berrypod makes.",
        "Take a copy, remove what does not belong there with the program that added it, and try again with that copy. "
        "What is missing does not come back: choose an earlier backup then.",
    ),
    "broken_references": _Words(
        "Rows of the file refer to rows that are missing",
        "Every page is as it was written, but something was deleted without what belongs to it.",
        "Choose an earlier backup. If there is none, repair a copy of this one: `PRAGMA foreign_key_check` in the "
        "sqlcipher program names the rows.",
    ),
}

# Names of tables in a file from elsewhere have any length.
_LONGEST_MESSAGE: Final = 600

_ACCEPTABLE: Final = frozenset[Code]({"valid", "schema_older"})
_WANT_KEY: Final = frozenset[Code]({"wrong_key", "key_needed"})


def verdict(code: Code, message: str | None = None, *, hint: str | None = None) -> Verdict:
    """The verdict `code`; with words of its own where more is known than the general ones tell."""
    words = _WORDS[code]
    message = message or words.message
    return Verdict(
        code=code,
        title=words.title,
        message=message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 1]}…",
        hint=hint or words.hint,
        acceptable=code in _ACCEPTABLE,
        wants_key=code in _WANT_KEY,
    )
