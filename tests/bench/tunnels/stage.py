# SPDX-License-Identifier: ISC
"""The stage of one measurement: two network namespaces with a wire between them, and the programs that run there.

    with Stage("/tmp/folder") as stage:
        stage.start("a", "openvpn", ...)
        stage.run("b", "ping", ...)

When the block is left, however it is left, every program started is ended by its process id, and the namespaces are gone.
"""
import os
import pathlib
import subprocess
import time

SIDES = ("a", "b")
UNDERLAY = {"a": "192.0.2.1", "b": "192.0.2.2"}
UNDERLAY_MTU = 1500
TUNNEL = {"a": "10.88.1.1", "b": "10.88.2.1"}  # of the sites' own subnets where there are sites
TUNNEL_MTU = 1420
COMMAND_SECONDS = 30
END_SECONDS = 3


class StageError(Exception):
    """Something did not start, or did not answer."""


def other(side):
    return "b" if side == "a" else "a"


def command(*words, **more):
    """What a program prints; StageError when it fails."""
    words = [str(word) for word in words]
    if "input" not in more:
        more["stdin"] = subprocess.DEVNULL
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=COMMAND_SECONDS, **more)
    if done.returncode != 0:
        raise StageError(f"{' '.join(words)}: {(done.stdout + done.stderr).strip()[-400:]}")
    return done.stdout


def is_true_within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Stage:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.prefix = f"avb{os.getpid()}"
        self.processes = []
        self.gateways = []  # the process ids whose CPU and memory count

    def __enter__(self):
        try:
            self.folder.mkdir(parents=True)
            for side in SIDES:
                command("ip", "netns", "add", self.namespace(side))
                self.run(side, "ip", "link", "set", "lo", "up")
            command("ip", "link", "add", "wire", "netns", self.namespace("a"), "type", "veth",
                    "peer", "name", "wire", "netns", self.namespace("b"))
            for side in SIDES:
                self.run(side, "ip", "address", "add", f"{UNDERLAY[side]}/24", "dev", "wire")
                self.run(side, "ip", "link", "set", "wire", "up", "mtu", UNDERLAY_MTU)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for side in SIDES:
            subprocess.run(["ip", "netns", "delete", self.namespace(side)], stderr=subprocess.DEVNULL,
                           check=False)

    def namespace(self, side):
        return f"{self.prefix}{side}"

    def inside(self, side, *words):
        """The words of a command that runs on one side; `ip` becomes it, so that the process id is the command's."""
        return ["ip", "netns", "exec", self.namespace(side), *[str(word) for word in words]]

    def run(self, side, *words, **more):
        return command(*self.inside(side, *words), **more)

    def start(self, side, *words, is_gateway=False, **more):
        """A program that stays; what it prints goes to the log."""
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(self.inside(side, *words), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, start_new_session=True, **more)
        self.processes.append(process)
        if is_gateway:
            self.gateways.append(process.pid)

    def write(self, name, text):
        """A file of the stage, for its owner's eyes: most of them hold keys."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def await_device(self, side, device):
        shown = ["ip", "-o", "link", "show", "dev", device]
        if not is_true_within(10, lambda: subprocess.run(self.inside(side, *shown), check=False,
                                                         stdout=subprocess.DEVNULL,
                                                         stderr=subprocess.DEVNULL).returncode == 0):
            raise StageError(f"{device} did not appear: {self.last_words()}")

    def address_tunnel(self, side, device):
        """For peers that leave addresses to the administrator."""
        self.await_device(side, device)
        self.run(side, "ip", "address", "add", TUNNEL[side], "peer", TUNNEL[other(side)], "dev", device)
        self.run(side, "ip", "link", "set", device, "up", "mtu", TUNNEL_MTU)

    def await_answer(self, address):
        ping = self.inside("a", "ping", "-q", "-n", "-c", "1", "-W", "1", address)
        if not is_true_within(15, lambda: subprocess.run(ping, check=False, stdout=subprocess.DEVNULL,
                                                         stderr=subprocess.DEVNULL).returncode == 0):
            raise StageError(f"{address} does not answer: {self.last_words()}")

    def last_words(self):
        log = self.folder / "log"
        return log.read_text(errors="replace")[-600:] if log.exists() else "nothing was printed"
