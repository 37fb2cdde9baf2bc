# SPDX-License-Identifier: ISC
"""The shared library and its declarations; everything ctypes is in this file."""
import ctypes as c
import os


class Error(Exception):
    """A call was refused. `code` is negative, `name` its constant."""

    def __init__(self, code):
        self.code = code
        self.name = lib.avpn_error_name(code).decode()
        super().__init__(self.name)


class AddressStruct(c.Structure):
    _fields_ = [("family", c.c_uint8), ("reserved", c.c_uint8 * 3), ("bytes", c.c_uint8 * 16)]


class ContactStruct(c.Structure):
    _fields_ = [("family", c.c_uint8), ("reserved", c.c_uint8), ("port", c.c_uint16),
                ("bytes", c.c_uint8 * 16)]


class PrefixStruct(c.Structure):
    _fields_ = [("family", c.c_uint8), ("length", c.c_uint8), ("reserved", c.c_uint8 * 2),
                ("bytes", c.c_uint8 * 16)]


class NatReportStruct(c.Structure):
    _fields_ = [("seen", ContactStruct), ("reserved", c.c_uint32), ("at", c.c_int64)]


class NatVerdictStruct(c.Structure):
    _fields_ = [("kind", c.c_uint8), ("reserved", c.c_uint8 * 3), ("evidence", ContactStruct * 2)]


class RouteStruct(c.Structure):
    _fields_ = [("size", c.c_uint32), ("prefix", PrefixStruct), ("hop_count", c.c_uint32),
                ("hops", c.c_uint32 * 16)]


class SaParametersStruct(c.Structure):
    _fields_ = [("size", c.c_uint32), ("spi", c.c_uint32), ("suite", c.c_uint8),
                ("reserved", c.c_uint8 * 3), ("window", c.c_uint32), ("aead", c.c_void_p),
                ("key", c.c_uint8 * 32), ("salt", c.c_uint8 * 4), ("reserved2", c.c_uint8 * 4),
                ("sequence", c.c_uint64), ("limit", c.c_uint64)]


_P = c.c_void_p
_PROTOTYPES = {
    "avpn_error_name": (c.c_char_p, [c.c_int32]),
    "avpn_version": (c.c_char_p, []),
    "avpn_wire_version": (c.c_uint32, []),
    "avpn_address_parse": (c.c_int32, [c.c_char_p, c.POINTER(AddressStruct)]),
    "avpn_address_format": (c.c_int32, [c.POINTER(AddressStruct), c.c_char_p, c.c_size_t]),
    "avpn_contact_parse": (c.c_int32, [c.c_char_p, c.POINTER(ContactStruct)]),
    "avpn_contact_format": (c.c_int32, [c.POINTER(ContactStruct), c.c_char_p, c.c_size_t]),
    "avpn_prefix_parse": (c.c_int32, [c.c_char_p, c.POINTER(PrefixStruct)]),
    "avpn_prefix_format": (c.c_int32, [c.POINTER(PrefixStruct), c.c_char_p, c.c_size_t]),
    "avpn_nat_classify": (c.c_int32, [c.POINTER(NatReportStruct), c.c_size_t, c.c_int64, c.c_int64,
                                      c.POINTER(NatVerdictStruct)]),
    "avpn_routes_new": (c.c_int32, [_P, c.POINTER(_P)]),
    "avpn_routes_del": (None, [_P]),
    "avpn_routes_put": (c.c_int32, [_P, c.POINTER(RouteStruct)]),
    "avpn_routes_remove": (c.c_int32, [_P, c.POINTER(PrefixStruct)]),
    "avpn_routes_set_state": (c.c_int32, [_P, c.c_uint32, c.c_uint32]),
    "avpn_routes_lookup": (c.c_int32, [_P, c.POINTER(AddressStruct), c.POINTER(c.c_uint32)]),
    "avpn_routes_count": (c.c_uint32, [_P]),
    "avpn_suite_is_available": (c.c_int32, [c.c_uint8]),
    "avpn_sa_new_sender": (c.c_int32, [c.POINTER(SaParametersStruct), _P, c.POINTER(_P)]),
    "avpn_sa_new_receiver": (c.c_int32, [c.POINTER(SaParametersStruct), _P, c.POINTER(_P)]),
    "avpn_sa_del": (None, [_P]),
    "avpn_sa_seal": (c.c_int32, [_P, _P, c.c_uint32]),
    "avpn_sa_open": (c.c_int32, [_P, _P, c.c_uint32]),
    "avpn_sa_sequence": (c.c_uint64, [_P]),
}


def _load():
    library = c.CDLL(os.environ.get("AUTOVPN_LIBRARY", "libautovpn.so.0"))
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


lib = _load()


def check(code):
    """The value of a call, or its error raised."""
    if code < 0:
        raise Error(code)
    return code


def version():
    """The library's version, "MAJOR.MINOR.PATCH"."""
    return lib.avpn_version().decode()


def wire_version():
    """The protocol version spoken on the wire."""
    return lib.avpn_wire_version()
