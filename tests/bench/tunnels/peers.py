# SPDX-License-Identifier: ISC
"""What is compared: each peer is a function that raises itself on a stage and returns the address at which side b answers."""
import os
import subprocess

import site_pair
from stage import SIDES, TUNNEL, UNDERLAY, StageError, command, is_true_within, other

FORWARDER_PORT = 4500
WIREGUARD_PORT = 51820
OPENVPN_PORT = 1194


def raw(_stage, _programs):
    """No tunnel: the wire itself."""
    return UNDERLAY["b"]


def ideal(provider, threads):
    """The ideal forwarder, forwarder.c."""
    def raise_it(stage, programs):
        for side in SIDES:
            stage.start(side, programs.forwarder, "ideal0", provider, threads, FORWARDER_PORT,
                        UNDERLAY[other(side)], FORWARDER_PORT, is_gateway=True)
            stage.address_tunnel(side, "ideal0")
        return TUNNEL["b"]
    return raise_it


def libautovpn(workers=0, has_offloads=True, build="build"):
    """Our gateways; from the usual build, or from the one with libsodium only."""
    def raise_it(stage, programs):
        site_pair.raise_sites(stage, getattr(programs, build), workers, has_offloads)
        return TUNNEL["b"]
    return raise_it


def wireguard_go(stage, _programs):
    # Its control socket has a name for the whole machine.
    device = {side: f"{stage.prefix}w{side}" for side in SIDES}
    secret = {side: command("wg", "genkey").strip() for side in SIDES}
    public = {side: command("wg", "pubkey", input=secret[side]).strip() for side in SIDES}
    for side in SIDES:
        stage.start(side, "wireguard-go", "-f", device[side], is_gateway=True)
        stage.await_device(side, device[side])
        socket = f"/var/run/wireguard/{device[side]}.sock"
        if not is_true_within(5, lambda path=socket: os.path.exists(path)):
            raise StageError(f"wireguard-go: {stage.last_words()}")
        key = stage.write(f"{side}.key", secret[side])
        stage.run(side, "wg", "set", device[side], "listen-port", WIREGUARD_PORT, "private-key", key,
                  "peer", public[other(side)], "endpoint", f"{UNDERLAY[other(side)]}:{WIREGUARD_PORT}",
                  "allowed-ips", f"{TUNNEL[other(side)]}/32")
        stage.address_tunnel(side, device[side])
    return TUNNEL["b"]


def openvpn(stage, _programs):
    """AES-256-GCM in user space: without its kernel module, as none of the others has one."""
    fingerprint = {}
    for side in SIDES:
        files = [stage.folder / f"{side}.{kind}" for kind in ("key", "crt")]
        command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", f"/CN={side}", "-keyout", files[0], "-out", files[1])
        shown = command("openssl", "x509", "-in", files[1], "-noout", "-fingerprint", "-sha256")
        fingerprint[side] = shown.strip().split("=")[1]
    for side in SIDES:
        role = ["--tls-server", "--dh", "none"] if side == "a" else ["--tls-client"]
        stage.start(side, "openvpn", "--dev", "ovpn0", "--dev-type", "tun", "--proto", "udp",
                    "--lport", OPENVPN_PORT, "--remote", UNDERLAY[other(side)], OPENVPN_PORT, *role,
                    "--cert", stage.folder / f"{side}.crt", "--key", stage.folder / f"{side}.key",
                    "--peer-fingerprint", fingerprint[other(side)],
                    "--ifconfig", TUNNEL[side], TUNNEL[other(side)],
                    "--data-ciphers", "AES-256-GCM", "--disable-dco", "--fast-io", "--verb", "1",
                    is_gateway=True)
        stage.await_device(side, "ovpn0")
    return TUNNEL["b"]


PEERS = {
    "raw": raw,
    "ideal-none": ideal("none", 1),
    "ideal": ideal("best", 1),
    "ideal-2-threads": ideal("best", 2),
    "ideal-libsodium": ideal("libsodium", 1),
    "libautovpn": libautovpn(),
    "libautovpn-2-workers": libautovpn(workers=2),
    "libautovpn-no-offloads": libautovpn(has_offloads=False),
    "libautovpn-libsodium": libautovpn(build="build_libsodium"),
    "wireguard-go": wireguard_go,
    "openvpn": openvpn,
}
# What --check runs: what is ours.
CHECKED = ("raw", "ideal", "libautovpn")


def version(name):
    """What the table calls a foreign peer's version."""
    words = {"wireguard-go": ["dpkg-query", "-W", "-f", "${Version}", "wireguard-go"],
             "openvpn": ["dpkg-query", "-W", "-f", "${Version}", "openvpn"]}.get(name)
    if words is None:
        return None
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() or None
