# SPDX-License-Identifier: ISC
"""Addresses, contacts and prefixes, against Python's own ipaddress."""
import copy
import ipaddress
import pickle
import unittest

from autovpn import Address, ArgumentError, Contact, FormatError, Prefix
from seeded import seeded


def random_ip(chance):
    if chance.random() < 0.5:
        return ipaddress.IPv4Address(chance.getrandbits(32))
    # Runs of zeros are what text forms differ in.
    words = [0 if chance.random() < 0.5 else chance.getrandbits(16) for _ in range(8)]
    value = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big")
    return ipaddress.IPv6Address(value)


class Text(unittest.TestCase):
    def test_text_forms_come_back(self):
        for kind, text in [(Address, "2001:db8::1"), (Address, "192.0.2.1"), (Contact, "192.0.2.1:40000"),
                           (Contact, "[2001:db8::1]:65535"), (Prefix, "10.1.0.0/16"), (Prefix, "::/0")]:
            self.assertEqual(str(kind.parse(text)), text)
            self.assertEqual(repr(kind(text)), f"{kind.__name__}({text!r})")

    def test_other_text_is_refused(self):
        for kind, texts in [(Address, ["", "192.0.2", "192.0.2.256", "fe80::1%eth0", "1.2.3.4\0", "10.0.0.1:5"]),
                            (Contact, ["192.0.2.1", "192.0.2.1:65536", "2001:db8::1:5", "[::1]"]),
                            (Prefix, ["10.1.0.1/16", "10.0.0.0/33", "10.0.0.0", "::/129"])]:
            for text in texts:
                with self.subTest(text), self.assertRaises(FormatError):
                    kind.parse(text)
        with self.assertRaises(TypeError):
            Address.parse(b"192.0.2.1")

    @seeded
    def test_text_is_what_ipaddress_writes(self, chance):
        for _ in range(2000):
            ip = random_ip(chance)
            address = Address(ip)
            # The mixed form ::ffff:192.0.2.1 is the one in which RFC 5952 leaves a choice.
            if ip.version == 4 or ip.ipv4_mapped is None:
                self.assertEqual(str(address), str(ip))
            self.assertEqual((address.ip, address.packed, Address(str(address))), (ip, ip.packed, address))


class Conversions(unittest.TestCase):
    @seeded
    def test_prefixes_are_networks(self, chance):
        for _ in range(1000):
            ip = random_ip(chance)
            network = ipaddress.ip_network((ip, chance.randint(0, ip.max_prefixlen)), strict=False)
            prefix = Prefix(network)
            self.assertEqual((prefix.network, prefix.length, prefix.address.ip),
                             (network, network.prefixlen, network.network_address))
            for other in (ip, random_ip(chance), network[-1]):
                self.assertEqual(other in prefix, other in network, f"{other} in {prefix}")
            inner = ipaddress.ip_network((ip, chance.randint(0, ip.max_prefixlen)), strict=False)
            self.assertEqual(inner in prefix, inner.subnet_of(network), f"{inner} in {prefix}")

    def test_contacts_are_socket_addresses(self):
        for host, port in [("192.0.2.1", 40000), ("2001:db8::1", 1)]:
            contact = Contact.of((host, port))
            self.assertEqual(contact, Contact(ipaddress.ip_address(host), port))
            self.assertEqual((contact.host, contact.port, contact.sockaddr), (host, port, (host, port)))
            self.assertEqual(contact.address, Address(host))
        self.assertEqual(Contact.of(("2001:db8::1", 1, 0, 0)), Contact("[2001:db8::1]:1"))
        for port in (-1, 65536):
            with self.assertRaises(ArgumentError):
                Contact("192.0.2.1", port)
        with self.assertRaises(TypeError):
            Contact("192.0.2.1", 1.5)

    def test_of_takes_what_it_gives(self):
        for value in (Address("192.0.2.1"), Contact("192.0.2.1:1"), Prefix("10.0.0.0/8")):
            self.assertIs(type(value).of(value), value)
            self.assertEqual(type(value).of(str(value)), value)


class Values(unittest.TestCase):
    @seeded
    def test_order_is_that_of_the_numbers(self, chance):
        ips = [random_ip(chance) for _ in range(200)]
        expected = sorted(ips, key=lambda ip: (ip.version, int(ip)))
        self.assertEqual([address.ip for address in sorted(map(Address, ips))], expected)
        contacts = sorted(Contact(ip, port) for ip in ips[:9] for port in (9, 10, 8))
        self.assertEqual([c.sockaddr for c in contacts], [c.sockaddr for c in sorted(
            contacts, key=lambda c: (c.ip.version, int(c.ip), c.port))])
        prefixes = [Prefix(text) for text in ("::/0", "10.0.0.0/16", "10.0.0.0/8", "9.0.0.0/8")]
        self.assertEqual(list(map(str, sorted(prefixes))), ["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "::/0"])

    def test_different_kinds_do_not_compare(self):
        self.assertNotEqual(Address("10.0.0.0"), Prefix("10.0.0.0/32"))
        with self.assertRaises(TypeError):
            Address("10.0.0.0") < Prefix("10.0.0.0/32")
        self.assertTrue(Address("1.0.0.0") <= Address("1.0.0.0") >= Address("1.0.0.0") > Address("0.0.0.0"))

    def test_they_are_keys_of_dicts_and_never_change(self):
        address = Address("192.0.2.1")
        self.assertEqual({address: 1}[Address("192.0.2.1")], 1)
        for name in ("ip", "other", "_value"):
            with self.assertRaises(AttributeError):
                setattr(address, name, 1)

    def test_they_are_copied_and_pickled(self):
        for value in (Address("2001:db8::1"), Contact("[2001:db8::1]:1"), Prefix("2001:db8::/32")):
            self.assertEqual(pickle.loads(pickle.dumps(value)), value)
            self.assertEqual(copy.deepcopy(value), value)


if __name__ == "__main__":
    unittest.main()
