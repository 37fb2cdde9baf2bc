# SPDX-License-Identifier: ISC
"""What a bundle and its slices claim, and that nothing else is taken for one."""
import unittest

from autovpn import (
    Authority, Config, FormatError, KeyPair, Member, NotFoundError, Publication, RegistryEntry, Role, SecretKey, StateError,
    bundle_organization, bundle_version)
from seeded import seeded


def published(version=3):
    """(organization, bundle) of a hub alone."""
    with Config("example") as config, Authority() as authority:
        config.add_registry(RegistryEntry(KeyPair.generate().public, "198.51.100.1", 9350))
        config.add_member(Member(id=1, name="hub", key=KeyPair.generate().public, role=Role.HUB, exports=("10.1.0.0/16",)))
        for add in (authority.add_root, authority.add_signer):
            add(SecretKey.generate())
        return authority.organization, authority.sign(config, Publication(version=version, psk=SecretKey.generate()))


class Bundles(unittest.TestCase):
    def test_what_they_claim(self):
        organization, bundle = published()
        self.assertEqual((bundle_organization(bundle), bundle_version(bundle)), (organization, 3))
        with Config.read(bundle, organization) as config:
            piece = config.slice(bundle, 1)
            self.assertEqual((bundle_organization(piece), bundle_version(piece)), (organization, 3))
            with Config.read(piece, organization) as other:
                self.assertEqual((config.is_whole, other.is_whole, other.member(1).name), (True, False, "hub"))
                self.assertRaises(StateError, other.slice, bundle, 1)
            self.assertRaises(NotFoundError, config.slice, bundle, 2)

    @seeded
    def test_other_bytes_are_refused(self, chance):
        _, bundle = published()
        for wrong in (b"", b"bundle", bundle[:20], chance.randbytes(500)):
            for ask in (bundle_organization, bundle_version):
                self.assertRaises(FormatError, ask, wrong)
        self.assertRaises(TypeError, bundle_version, "text")


if __name__ == "__main__":
    unittest.main()
