#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Traffic between hosts of a laboratory.

    traffic.py serve NAME PORT           answer TCP and UDP, IPv4 and IPv6, until killed
    traffic.py tcp ADDRESS PORT [BYTES]  send BYTES and get them back; both ends' digests must agree
    traffic.py udp ADDRESS PORT [BYTES]  the same in one datagram without DF
    traffic.py sizes ADDRESS PORT [STEP] datagrams of every STEPth size from 1 to 1472 (every 16th), several handed to the
                                         kernel as one (UDP_SEGMENT): each must come back by itself
    traffic.py stream ADDRESS PORT SECONDS   one connection, echoed, both ways at once; nothing may differ or break
    traffic.py flow ADDRESS PORT SECONDS     a datagram of 64 bytes each millisecond; prints how many were not answered
    traffic.py refused ADDRESS PORT      a datagram to a closed port must come back as "connection refused"

tcp and udp print "NAME SOURCE": who answered, and from which address the server saw it come.
Exit status 1: no answer in time, or not the one it should be.
"""
import hashlib
import random
import socket
import sys
import threading
import time

TIMEOUT = 4.5
TRIES = 3  # of a datagram: an IPv6 host learns by the first that it was too big
UDP_SEGMENT = 103
STREAM_BLOCK, STREAM_PAUSE = 65536, 0.01  # some 50 Mbit/s each way: the laboratory has other traffic too
STALL = 20  # seconds that a path may be away
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DONT = 10, 23, 0


def plain(address):
    return address[7:] if address.startswith("::ffff:") else address


def payload(count):
    return random.Random(count).randbytes(count)


def read_exactly(connection, count):
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(min(65536, count - len(data)))
        if not piece:
            break
        data += piece
    return data


def may_be_fragmented(sock):
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DONT)
    try:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)
    except OSError:
        pass  # an IPv6 socket that has no IPv4 side


def head(name, source, data):
    return f"{name} {plain(source)} {hashlib.sha256(data).hexdigest()}\n".encode()


def listen(kind, port):
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    return sock


def echo(connection):
    while piece := connection.recv(STREAM_BLOCK):
        connection.sendall(piece)


def answer_stream(name, connection, source):
    """What comes: the count in 8 characters, then so many bytes. What goes: a line, then the same bytes. A negative count: an echo."""
    with connection:
        connection.settimeout(60)
        try:
            count = int(read_exactly(connection, 8))
            if count < 0:
                echo(connection)
                return
            data = read_exactly(connection, count)
            connection.sendall(head(name, source, data) + data)
        except (OSError, ValueError):
            pass


def serve_streams(name, sock):
    sock.listen()
    while True:
        connection, source = sock.accept()
        threading.Thread(target=answer_stream, args=(name, connection, source[0]), daemon=True).start()


def serve(name, port):
    threading.Thread(target=serve_streams, args=(name, listen(socket.SOCK_STREAM, port)), daemon=True).start()
    sock = listen(socket.SOCK_DGRAM, port)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    may_be_fragmented(sock)
    while True:
        try:
            # The answer comes from the address that was asked.
            data, control, _, source = sock.recvmsg(65536, 128)
            asked = [(level, kind, value[:16] + bytes(4)) for level, kind, value in control]
            sock.sendmsg([head(name, source[0], data) + data], asked, 0, source)
        except OSError:
            pass  # an ICMP error about an answer before


def connect(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.settimeout(TIMEOUT)
    if kind == socket.SOCK_DGRAM:
        may_be_fragmented(sock)
    sock.connect((address, port))
    return sock


def judge(line, echo, sent):
    name, source, digest = line.decode().split()
    if digest != hashlib.sha256(sent).hexdigest() or echo != sent:
        sys.exit("traffic.py: other bytes came than were sent")
    print(name, source)


def tcp(address, port, count):
    sent = payload(count)
    with connect(socket.SOCK_STREAM, address, port) as sock:
        sock.settimeout(40)
        sock.sendall(b"%08d" % count + sent)
        with sock.makefile("rb") as stream:
            line = stream.readline()
            judge(line, stream.read(count), sent)


def udp(address, port, count):
    sent = payload(count)
    with connect(socket.SOCK_DGRAM, address, port) as sock:
        sock.settimeout(TIMEOUT / TRIES)
        for attempt in range(TRIES):
            try:
                sock.send(sent)
                line, _, echo = sock.recv(65536).partition(b"\n")
                break
            except TimeoutError:
                if attempt == TRIES - 1:
                    raise
        judge(line, echo, sent)


def pieces_of(size):
    """Four of a size and a shorter one, each with bytes of its own."""
    return [payload(size)[:-1] + bytes([i]) for i in range(4)] + [payload(size)[:(size + 1) // 2 - 1] + b"\xff"]


def answers_to(sock, sent):
    """Send datagrams as one; what came back of each, a lost one after 0.5 s not."""
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(sent[0]))
    sock.send(b"".join(sent))
    got = []
    try:
        while len(got) < len(sent):
            got.append(sock.recv(65536).partition(b"\n")[2])
    except TimeoutError:
        pass
    return got


def sizes(address, port, step):
    lost = 0
    for size in range(1, 1473, step):
        sent = pieces_of(size)
        with connect(socket.SOCK_DGRAM, address, port) as sock:  # a new one knows nothing of late answers
            sock.settimeout(0.5)
            for _ in range(TRIES):
                got = answers_to(sock, sent)
                if any(piece not in sent for piece in got):
                    sys.exit(f"traffic.py: a datagram of {size} bytes came as something else")
                if sorted(got) == sorted(sent):
                    break
                lost += 1
            else:
                sys.exit(f"traffic.py: of datagrams of {size} bytes {len(got)} of {len(sent)} came")
    print(f"all sizes, {lost} times again")


def send_stream(sock, end):
    """Blocks until the end; their bytes follow from their number."""
    number = 0
    try:
        while time.monotonic() < end:
            sock.sendall(random.Random(number).randbytes(STREAM_BLOCK))
            number += 1
            time.sleep(STREAM_PAUSE)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other direction tells


def stream(address, port, seconds):
    with connect(socket.SOCK_STREAM, address, port) as sock:
        sock.settimeout(STALL)
        sock.sendall(b"-0000001")
        sender = threading.Thread(target=send_stream, args=(sock, time.monotonic() + seconds), daemon=True)
        sender.start()
        number = 0
        while block := read_exactly(sock, STREAM_BLOCK):
            if block != random.Random(number).randbytes(STREAM_BLOCK):
                sys.exit(f"traffic.py: block {number} came as something else")
            number += 1
        if sender.is_alive():
            sys.exit(f"traffic.py: the connection ended after block {number}")
        print("stream whole")


def flow(address, port, seconds):
    sock = connect(socket.SOCK_DGRAM, address, port)
    sock.settimeout(1)
    answered = set()

    def collect():
        try:
            while True:
                answered.add(sock.recv(65536).partition(b"\n")[2])
        except TimeoutError:
            pass
    collector = threading.Thread(target=collect)
    collector.start()
    end, sent = time.monotonic() + seconds, []
    while time.monotonic() < end:
        sent.append(b"%064d" % len(sent))
        sock.send(sent[-1])
        time.sleep(0.001)
    collector.join()
    print(len([1 for one in sent if one not in answered]))


def refused(address, port):
    with connect(socket.SOCK_DGRAM, address, port) as sock:
        sock.send(b"anybody there?")
        try:
            sock.recv(1)
        except ConnectionRefusedError:
            return
    sys.exit("traffic.py: somebody answered")


def main():
    command, first, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 16
    try:
        if command == "serve":
            serve(first, port)
        elif command == "tcp":
            tcp(first, port, count)
        elif command == "udp":
            udp(first, port, count)
        elif command == "sizes":
            sizes(first, port, count)
        elif command == "stream":
            stream(first, port, count)
        elif command == "flow":
            flow(first, port, count)
        elif command == "refused":
            refused(first, port)
        else:
            sys.exit(__doc__)
    except (OSError, ValueError) as error:
        sys.exit(f"traffic.py: {error}")


main()
