# SPDX-License-Identifier: ISC
"""Between Python's values and the library's: numbers checked, structs read into dataclasses.

ctypes cuts a number that does not fit without a word; here it raises. A struct of the library and the frozen dataclass that
stands for it have the same field names, so one function reads them all: the dataclass says by its annotations what becomes of each
field, and with `none=` which value means that there is nothing.
"""
import ctypes
import dataclasses
import enum
import operator
import typing
from typing import Any, Callable, Dict, List, Optional, Tuple, Type, TypeVar

from .errors import ArgumentError

T = TypeVar("T")

TIME_NEVER = 2**63 - 1


def number(value: object, name: str, most: int, least: int = 0) -> int:
    """An int of the range, or ArgumentError (TypeError if it is none at all)."""
    try:
        result = operator.index(value)  # type: ignore[arg-type]  # that is the question
    except TypeError:
        raise TypeError(f"{name} is to be an int, and is a {type(value).__name__}: {value!r}") from None
    if not least <= result <= most:
        raise ArgumentError(f"{name} is {result}: {least} to {most} is right")
    return result


def u8(value: object, name: str) -> int:
    """A number of 8 bits."""
    return number(value, name, 2**8 - 1)


def u16(value: object, name: str) -> int:
    """A number of 16 bits."""
    return number(value, name, 2**16 - 1)


def u32(value: object, name: str) -> int:
    """A number of 32 bits."""
    return number(value, name, 2**32 - 1)


def u64(value: object, name: str) -> int:
    """A number of 64 bits."""
    return number(value, name, 2**64 - 1)


def seconds(value: object, name: str) -> int:
    """Seconds since 1970 UTC."""
    return number(value, name, 2**63 - 1)


def moment(now: object, name: str = "now") -> int:
    """Nanoseconds of a monotonic clock, from 0."""
    try:
        return number(now, name, TIME_NEVER)
    except TypeError:
        raise TypeError(f"{name} is to be an int of nanoseconds, as time.monotonic_ns() gives it, and is {now!r}") from None


def span(value: object, name: str) -> int:
    """A difference in nanoseconds."""
    return number(value, name, 2**63 - 1, -2**63)


def octets(value: object, name: str, count: Optional[int] = None) -> bytes:
    """Bytes, of an exact count where one is given."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{name} is to be bytes, and is a {type(value).__name__}")
    result = bytes(value)
    if count is not None and len(result) != count:
        raise ArgumentError(f"{name} has {len(result)} bytes: {count} are right")
    return result


def put_text(struct: ctypes.Structure, field: str, value: str) -> None:
    """A text into an array of char, with its NUL."""
    room = getattr(type(struct), field).size
    data = value.encode()
    if len(data) >= room or b"\0" in data:
        raise ArgumentError(f"{field} {value!r}: at most {room - 1} bytes, none of them NUL")
    setattr(struct, field, data)


def put_list(struct: Any, field: str, count_field: str, items: List[Any]) -> None:
    """Structs or numbers into an array, and how many into its count."""
    array = getattr(struct, field)
    if len(items) > len(array):
        raise ArgumentError(f"{len(items)} {field}: at most {len(array)}")
    for place, item in enumerate(items):
        array[place] = item
    setattr(struct, count_field, len(items))


def sized(kind: Type[T]) -> T:
    """A struct of zeros that knows its size."""
    struct = kind()
    setattr(struct, "size", ctypes.sizeof(struct))  # type: ignore[arg-type]  # it is a ctypes.Structure
    return struct


# ---- reading -----------------------------------------------------------------


def none(value: int) -> Dict[str, int]:
    """Metadata of a field: `value` means that there is nothing, None."""
    return {"none": value}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _reader(kind: Any) -> Callable[[Any], Any]:
    if typing.get_origin(kind) is typing.Union:  # Optional[X]
        kind = next(argument for argument in typing.get_args(kind) if argument is not type(None))
    if hasattr(kind, "_read"):
        return typing.cast(Callable[[Any], Any], kind._read)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind
    if kind is str:
        return _text
    if kind in (bool, int, bytes):
        return typing.cast(Callable[[Any], Any], kind)
    if dataclasses.is_dataclass(kind):
        return lambda struct: read(kind, struct)
    if typing.get_origin(kind) is tuple:  # Tuple[X, ...]: all places of an array that have something
        inner = _reader(typing.get_args(kind)[0])
        return lambda array: tuple(item for item in map(inner, array) if item is not None)
    raise TypeError(f"no rule for {kind}")


_plans: Dict[type, Tuple[Tuple[str, Callable[[Any], Any], Optional[int]], ...]] = {}


def _plan(kind: type) -> Tuple[Tuple[str, Callable[[Any], Any], Optional[int]], ...]:
    plan = _plans.get(kind)
    if plan is None:
        hints = typing.get_type_hints(kind)
        plan = _plans[kind] = tuple(
            (field.name, _reader(hints[field.name]), field.metadata.get("none"))
            for field in dataclasses.fields(kind))
    return plan


def read(kind: Type[T], struct: Any, **known: Any) -> T:
    """The dataclass for a struct. `known`: fields that are found otherwise than by their name."""
    values = dict(known)
    for name, reader, nothing in _plan(kind):
        if name not in values:
            value = getattr(struct, name)
            values[name] = None if nothing is not None and value == nothing else reader(value)
    return kind(**values)
