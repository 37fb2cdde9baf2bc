#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The public headers are plain C: a foreign-function interface reads them as they are, and calls the library by them.

    check_cffi.py DECLARATIONS LIBRARY

DECLARATIONS: autovpn.h after the preprocessor, not edited. Prints TAP. Drives a node until it calls its registry: structs, keys,
a signed configuration, callbacks.
"""
import sys

try:
    import cffi
except ImportError:
    print("1..0 # SKIP python3-cffi is missing")
    sys.exit(0)

REGISTRY = "198.51.100.1"
OK = 0


def sized(ffi, kind, **values):
    """A struct that says its size."""
    return ffi.new(f"struct {kind} *", {"size": ffi.sizeof(f"struct {kind}"), **values})


class Organization:
    """A hub and a spoke, signed by an authority made for it."""

    def __init__(self, ffi, lib):
        self.ffi, self.lib = ffi, lib
        self.keys = [self.key_pair() for _ in range(3)]
        self.id = ffi.new("struct avpn_key *")
        self.bundle = self.sign()

    def key_pair(self):
        pair = self.ffi.new("struct avpn_key_pair *")
        assert self.lib.avpn_key_pair_generate(pair) == OK
        return pair

    def made(self, kind):
        """An object of the library, deleted when nobody has it any more."""
        place = self.ffi.new(f"struct avpn_{kind} **")
        assert getattr(self.lib, f"avpn_{kind}_new")(self.ffi.NULL, place) == OK
        return self.ffi.gc(place[0], getattr(self.lib, f"avpn_{kind}_del"))

    def config(self):
        config = self.made("config")
        entry = sized(self.ffi, "avpn_registry_entry", key=self.keys[2].public_key, port=9350,
                      host=REGISTRY.encode())
        assert self.lib.avpn_config_set_name(config, b"example") == OK
        assert self.lib.avpn_config_add_registry(config, entry) == OK
        for number, name in enumerate([b"hub", b"spoke"]):
            member = sized(self.ffi, "avpn_member", id=number + 1, key=self.keys[number].public_key, name=name,
                           role=1 + number, hub_count=number, export_count=1)
            member.hubs[0].member = number
            assert self.lib.avpn_prefix_parse(b"10.%d.0.0/16" % (number + 1), member.exports) == OK
            assert self.lib.avpn_config_add_member(config, member) == OK
        return config

    def sign(self):
        authority, config = self.made("authority"), self.config()
        publication = sized(self.ffi, "avpn_publication", psk_epoch=1, version=1, psk=self.key_pair().secret_key)
        needed = self.ffi.new("size_t *")
        root, signer = self.key_pair(), self.key_pair()
        assert self.lib.avpn_authority_add_root(authority, self.ffi.addressof(root, "secret_key")) == OK
        assert self.lib.avpn_authority_add_signer(authority, self.ffi.addressof(signer, "secret_key")) == OK
        assert self.lib.avpn_authority_organization(authority, self.id) == OK
        bundle = self.ffi.new("uint8_t[]", 8192)
        assert self.lib.avpn_authority_sign(authority, config, publication, bundle, 8192, needed) == OK
        return self.ffi.buffer(bundle, needed[0])[:]


def has_every_function(ffi, lib):
    names = [name for name in dir(lib) if name.startswith("avpn_")]
    for name in names:
        getattr(lib, name)  # AttributeError: declared, and not in the library
    return len(names) > 150


def reads_what_was_signed(ffi, lib):
    organization = Organization(ffi, lib)
    config = ffi.new("struct avpn_config **")
    member = sized(ffi, "avpn_member")
    assert lib.avpn_config_read(organization.bundle, len(organization.bundle), organization.id, 0, ffi.NULL,
                                config) == OK
    config = ffi.gc(config[0], lib.avpn_config_del)
    assert lib.avpn_config_member_by_name(config, b"spoke", member) == OK
    return member.id == 2 and lib.avpn_config_is_peer(config, 1, 2) == 1


def calls_its_registry(ffi, lib):
    organization = Organization(ffi, lib)
    sent = []

    @ffi.callback("void(void *, const struct avpn_datagrams *, size_t)")
    def transmit(_user, batch, count):
        for i in range(count):
            text = ffi.new("char[]", 56)
            assert lib.avpn_contact_format(ffi.addressof(batch[i], "remote"), text, 56) == OK
            sent.append((ffi.string(text).decode(), ffi.buffer(batch[i].packets.data, batch[i].packets.last_bytes)[:]))

    @ffi.callback("void(void *, const struct avpn_packets *, size_t)")
    def deliver(_user, _batch, _count):
        pass

    host = sized(ffi, "avpn_host", transmit=transmit, deliver=deliver)
    bundle = ffi.from_buffer("uint8_t[]", organization.bundle)
    options = sized(ffi, "avpn_node_options", organization=organization.id[0], identity=organization.keys[1][0],
                    bundle=bundle, bundle_bytes=len(bundle))
    node = ffi.new("struct avpn_node **")
    assert lib.avpn_node_new(options, host, 0, node) == OK
    assert lib.avpn_node_set_uplink(node[0], 0, sized(ffi, "avpn_uplink", is_up=1), 0) == OK
    for _ in range(10):
        lib.avpn_node_tick(node[0], lib.avpn_node_deadline(node[0]))
    lib.avpn_node_del(node[0])
    return len(sent) > 1 and {to for to, _ in sent} == {f"{REGISTRY}:9350"} and sent[0][1][:4] == bytes(4)


def main():
    declarations, library = sys.argv[1:3]
    ffi = cffi.FFI()
    with open(declarations) as file:
        ffi.cdef(file.read())
    lib = ffi.dlopen(library)
    checks = [has_every_function, reads_what_was_signed, calls_its_registry]
    print(f"1..{len(checks) + 1}\nok 1 - cffi reads the headers as they are")
    bad = 0
    for number, check in enumerate(checks, 2):
        is_good = check(ffi, lib)
        bad += not is_good
        print(f"{'ok' if is_good else 'not ok'} {number} - {check.__name__.replace('_', ' ')}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
