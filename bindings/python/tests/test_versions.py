# SPDX-License-Identifier: ISC
"""Which library was loaded, and what it can do."""
import os
import unittest

import autovpn
from autovpn import constants
from autovpn._native import lib


class Versions(unittest.TestCase):
    def test_version_and_number_say_the_same(self):
        major, minor, patch = map(int, autovpn.version().split("."))
        self.assertEqual(autovpn.version_number(), (major << 16) + (minor << 8) + patch)
        self.assertGreaterEqual(autovpn.version_number() >> 16, constants.VERSION_MAJOR)
        self.assertGreaterEqual(autovpn.wire_version(), 1)

    def test_features_are_those_whose_functions_are_there(self):
        self.assertEqual([name for name in autovpn.features() if not autovpn.has_feature(name)], [])
        for feature, function in ("registry", "avpn_registry_new"), ("authority", "avpn_authority_new"):
            self.assertEqual(autovpn.has_feature(feature), hasattr(lib._handle, function))
            self.assertEqual(feature in autovpn.features(), autovpn.has_feature(feature))
        for unknown in ("", "flying", "registry\0", "Registry"):
            self.assertFalse(autovpn.has_feature(unknown))

    def test_the_file_that_was_loaded_is_told(self):
        if os.environ.get("AUTOVPN_LIBRARY"):
            self.assertEqual(autovpn.library_path(), os.environ["AUTOVPN_LIBRARY"])
        self.assertIn("libautovpn", autovpn.library_path())


if __name__ == "__main__":
    unittest.main()
