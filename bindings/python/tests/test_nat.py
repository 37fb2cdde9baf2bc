# SPDX-License-Identifier: ISC
"""NAT classification: each kind, what it rests on, and what goes stale."""
import unittest

from autovpn import ArgumentError, Contact, NatKind, classify_nat, constants, nat_name

A, OTHER_PORT, OTHER_HOST = (Contact(text) for text in ("203.0.113.7:1", "203.0.113.7:2", "203.0.113.8:1"))


class Classify(unittest.TestCase):
    def test_kinds(self):
        for reports, kind, evidence in [
                ([], NatKind.UNKNOWN, ()), ([(A, 0)], NatKind.UNKNOWN, ()), ([(A, 0), (None, 0)], NatKind.UNKNOWN, ()),
                ([(A, 0), (A, 0)], NatKind.FRIENDLY, (A, A)),
                ([(A, 0), (OTHER_PORT, 0)], NatKind.UNFRIENDLY_PORT, (A, OTHER_PORT)),
                ([(A, 0), (OTHER_HOST, 0)], NatKind.UNFRIENDLY_ADDRESS, (A, OTHER_HOST))]:
            verdict = classify_nat(reports, now=0)
            self.assertEqual((verdict.kind, verdict.evidence), (kind, evidence), reports)

    def test_contacts_are_taken_as_text_and_as_sockets_give_them(self):
        verdict = classify_nat(iter([("203.0.113.7:1", 0), (("203.0.113.7", 2), 0)]), now=0)
        self.assertEqual(verdict.evidence, (A, OTHER_PORT))

    def test_old_reports_do_not_count(self):
        fresh, late = constants.NAT_REPORT_SPAN - 1, constants.NAT_REPORT_SPAN + 1
        for now, kind in [(fresh, NatKind.FRIENDLY), (late, NatKind.UNKNOWN)]:
            self.assertEqual(classify_nat([(A, 0), (A, now)], now=now).kind, kind)

    def test_silence_is_blocked_after_a_while(self):
        for now, kind in [(constants.NAT_BLOCKED_AFTER - 1, NatKind.UNKNOWN), (constants.NAT_BLOCKED_AFTER, NatKind.BLOCKED)]:
            self.assertEqual(classify_nat([], now=now, asking_since=0).kind, kind)

    def test_verdicts_are_values(self):
        verdict = classify_nat([(A, 0), (A, 0)], now=0)
        self.assertEqual(len({verdict, classify_nat([(A, 1), (A, 1)], now=1)}), 1)
        with self.assertRaises(AttributeError):
            verdict.kind = NatKind.BLOCKED

    def test_wrong_numbers_raise(self):
        for arguments in [dict(now=-1), dict(now=2**63), dict(now=0, asking_since=-1)]:
            with self.assertRaises(ArgumentError):
                classify_nat([], **arguments)
        with self.assertRaises(TypeError):
            classify_nat([(A, 1.5)], now=0)

    def test_names(self):
        self.assertEqual(nat_name(NatKind.FRIENDLY), "friendly")
        self.assertEqual(len({nat_name(kind) for kind in NatKind}), len(NatKind))


if __name__ == "__main__":
    unittest.main()
