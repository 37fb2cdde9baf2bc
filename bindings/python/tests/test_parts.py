# SPDX-License-Identifier: ISC
import struct
import unittest

import autovpn
from autovpn import Address, Contact, NatKind, Prefix, Suite


class Parts(unittest.TestCase):
    def test_text_forms_come_back(self):
        for cls, text in [(Address, "2001:db8::1"), (Contact, "192.0.2.1:40000"),
                          (Prefix, "10.1.0.0/16")]:
            self.assertEqual(str(cls.parse(text)), text)
            self.assertEqual(cls.parse(text), cls.parse(text))

    def test_bad_text_raises_the_named_error(self):
        with self.assertRaises(autovpn.Error) as caught:
            Prefix.parse("10.1.0.1/16")
        self.assertEqual(caught.exception.name, "AVPN_ERROR_FORMAT")

    def test_nat_kinds(self):
        a, b, d = (Contact.parse(t) for t in ("203.0.113.7:1", "203.0.113.7:2", "203.0.113.8:1"))
        for reports, kind in [([], NatKind.UNKNOWN), ([(a, 0)], NatKind.UNKNOWN),
                              ([(a, 0), (a, 0)], NatKind.FRIENDLY),
                              ([(a, 0), (b, 0)], NatKind.UNFRIENDLY_PORT),
                              ([(a, 0), (d, 0)], NatKind.UNFRIENDLY_ADDRESS)]:
            self.assertEqual(autovpn.classify_nat(reports, now=0).kind, kind)
        self.assertEqual(autovpn.classify_nat([(a, 0), (b, 0)], now=0).evidence, (a, b))
        self.assertEqual(autovpn.classify_nat([], now=20 * 10**9, asking_since=0).kind,
                         NatKind.BLOCKED)

    def test_routes_fail_over(self):
        with autovpn.Routes() as routes:
            routes.put(Prefix.parse("10.0.0.0/8"), [7, 9])
            with self.assertRaises(autovpn.Error):
                routes.lookup(Address.parse("10.1.2.3"))
            routes.set_alive(9)
            self.assertEqual(routes.lookup(Address.parse("10.1.2.3")), 9)
            routes.set_alive(7)
            self.assertEqual(routes.lookup(Address.parse("10.1.2.3")), 7)
        with self.assertRaises(ValueError):
            len(routes)

    def test_what_is_sealed_opens_once(self):
        packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20, 0, 0, 64, 17, 0, b"\n\1\0\1", b"\n\2\0\1")
        for suite in Suite:
            if not autovpn.suite_is_available(suite):
                continue
            arguments = (0x1000, suite, bytes(range(32)), b"salt")
            with autovpn.Sender(*arguments) as sender, autovpn.Receiver(*arguments) as receiver:
                esp = sender.seal(packet)
                self.assertEqual(receiver.open(esp), packet)
                with self.assertRaises(autovpn.Error) as caught:
                    receiver.open(esp)
                self.assertEqual(caught.exception.name, "AVPN_ERROR_VERSION")


if __name__ == "__main__":
    unittest.main()
