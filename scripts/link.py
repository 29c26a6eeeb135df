#!/usr/bin/env python3
"""A slow line between two network namespaces: a rate, a delay each way, a bounded queue, and breaks on demand.

    link.py NS_A ADDRESS_A NS_B ADDRESS_B MBIT DELAY_MS

Each namespace gets a point-to-point device `line`; packets go from one to the other through this process. SIGUSR1 breaks
the line (every packet is lost), SIGUSR2 mends it. It needs root and /dev/net/tun, and ends with its standard input.
"""

import collections
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500
# What routers on such lines keep: a quarter of a second of it.
QUEUE_SECONDS = 0.25


def run(*words):
    subprocess.run(words, check=True)


def device(name, namespace, own, other):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    run("ip", "link", "set", name, "netns", namespace, "name", "line")
    inside = ("ip", "-n", namespace)
    run(*inside, "addr", "add", own, "peer", other, "dev", "line")
    run(*inside, "link", "set", "line", "mtu", str(MTU), "up")
    return fd


class Direction:
    """Packets on their way: each leaves when the line is free and arrives a delay later."""

    def __init__(self, target, rate, delay):
        self.target, self.rate, self.delay = target, rate, delay
        self.free_at = 0.0
        self.under_way = collections.deque()

    def take(self, packet, now):
        start = max(now, self.free_at)
        if start - now > QUEUE_SECONDS:
            return
        self.free_at = start + len(packet) * 8 / self.rate
        self.under_way.append((self.free_at + self.delay, packet))

    def deliver(self, now):
        while self.under_way and self.under_way[0][0] <= now:
            packet = self.under_way.popleft()[1]
            try:
                os.write(self.target, packet)
            except OSError:
                pass  # A full device loses packets, as any line does.

    def due(self):
        return self.under_way[0][0] if self.under_way else None


def main():
    ns_a, address_a, ns_b, address_b, mbit, delay_ms = sys.argv[1:]
    rate, delay = float(mbit) * 1e6, float(delay_ms) / 1e3
    end_a = device("rialto-line-a", ns_a, address_a, address_b)
    end_b = device("rialto-line-b", ns_b, address_b, address_a)
    directions = {end_a: Direction(end_b, rate, delay), end_b: Direction(end_a, rate, delay)}
    broken = False

    def set_broken(value):
        nonlocal broken
        broken = value

    signal.signal(signal.SIGUSR1, lambda *_: set_broken(True))
    signal.signal(signal.SIGUSR2, lambda *_: set_broken(False))
    print("up", flush=True)
    while True:
        now = time.monotonic()
        due = [at for at in (one.due() for one in directions.values()) if at is not None]
        wait = max(0.0, min(due) - now) if due else 1.0
        ready, _, _ = select.select([sys.stdin, end_a, end_b], [], [], wait)
        now = time.monotonic()
        if sys.stdin in ready and not sys.stdin.buffer.read1(1):
            return
        for end in (end_a, end_b):
            if end in ready:
                try:
                    packet = os.read(end, 65536)
                except BlockingIOError:
                    continue
                if not broken:
                    directions[end].take(packet, now)
        for one in directions.values():
            if broken:
                one.under_way.clear()
            one.deliver(now)


main()
