# SPDX-License-Identifier: ISC
"""IntEnums that keep values they do not know."""
import enum
from typing import Any


class OpenEnum(enum.IntEnum):
    """An IntEnum for numbers that come from the library: one that is newer than this file may add to them.

    An unknown value is a member of its own, `UNKNOWN_n`, equal to its number; nothing is raised.
    """

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = f"UNKNOWN_{value}", value
        return member
