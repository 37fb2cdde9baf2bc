# SPDX-License-Identifier: ISC
"""What is said of the library is what is loaded."""
import os
import unittest

import autovpn
from autovpn import aeads, features, has_feature, library_path, version, version_number, wire_version


class Version(unittest.TestCase):
    def test_number_and_text(self):
        major, minor, patch = map(int, version().split("."))
        self.assertEqual(version_number(), (major << 16) + (minor << 8) + patch)
        self.assertGreaterEqual(wire_version(), 1)

    def test_features_are_what_there_is(self):
        for name in features():
            self.assertTrue(has_feature(name), name)
        for name in ("ipsec-mb", "openssl"):
            self.assertEqual(name in {aead.name.lower() for aead in aeads()}, has_feature(name), name)
        self.assertEqual(len(set(features())), len(features()))
        self.assertFalse(has_feature("nothing"))
        self.assertFalse(has_feature(""))
        self.assertRaises(ValueError, has_feature, "registry\0")

    def test_a_part_that_is_missing_says_so(self):
        if has_feature("registry"):
            with autovpn.Registry(autovpn.KeyPair.generate(), 0) as registry:
                self.assertFalse(registry.closed)
        else:
            self.assertRaises(autovpn.UnsupportedError, autovpn.Registry, autovpn.KeyPair.generate(), 0)

    def test_the_path_is_that_of_the_environment(self):
        if os.environ.get("AUTOVPN_LIBRARY"):
            self.assertEqual(library_path(), os.environ["AUTOVPN_LIBRARY"])
        else:
            self.assertIn("libautovpn", library_path())


if __name__ == "__main__":
    unittest.main()
