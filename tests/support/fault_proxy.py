"""A TCP relay that does what bad networks do, at the byte it is told.

    with FaultProxy("127.0.0.1:8443") as proxy:
        proxy.fault = Fault(cut_after=1500, way="up")     # of each connection
        tablet.sync("--server", proxy.address)
        proxy.heal()                                      # from now on: a wire

Bytes are counted apart for each direction and connection: "up" is from the
caller to the server, "down" back. TCP gives no reordering within a stream, so
what a proxy can reorder is when the two directions and the several connections
get through: `delay_s` holds each piece back, at random up to that long, each
direction for itself.

Bounded: at most CONNECTIONS_MAX at a time, and HELD_BYTES_MAX held back a
direction; then it reads no further, as a full buffer would.

One thread for all; every public function may be called from any thread.
"""
import collections
import dataclasses
import random
import selectors
import socket
import struct
import threading
import time

CONNECTIONS_MAX = 512
HELD_BYTES_MAX = 1 << 20
READ_BYTES = 16 << 10
TICK_S = 0.02


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to each connection made while it is set. Bytes are counted
    in the direction `way`; the fault strikes when so many have passed."""
    way: str = "up"
    cut_after: int = None        # both ends are closed in order
    reset_after: int = None      # both ends get a reset
    swallow_after: int = None    # this direction is lost, the other one goes on
    blackhole_after: int = None  # both directions are lost, nobody is told
    delay_s: float = 0           # each piece waits up to so long
    bytes_per_s: int = None      # at most
    refuse: bool = False         # connections are reset at once


WIRE = Fault()


class _Flow:
    """One direction of one connection."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.held = collections.deque()  # (due, bytes)
        self.held_bytes = self.passed = 0
        self.ended = self.swallows = False
        self.free_at = 0.0  # when the bandwidth allows the next piece


class _Connection:
    def __init__(self, caller, server, fault):
        self.fault, self.open = fault, True
        self.flows = {"up": _Flow(caller, server),
                      "down": _Flow(server, caller)}


class FaultProxy:
    def __init__(self, server, host="127.0.0.1", seed=0):
        server_host, _, port = server.rpartition(":")
        self.server = (server_host, int(port))
        self.fault = WIRE
        self.struck = 0  # connections that a fault has hit
        self.connections = 0
        self._random = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server((host, 0), backlog=256)
        self._listener.setblocking(False)
        self.address = f"{host}:{self._listener.getsockname()[1]}"
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._open = set()
        self._stopping = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stopping = True
        self._thread.join()

    def heal(self):
        """New connections are untroubled; those that were hit are reset, as
        when a router comes back and knows none of them."""
        with self._lock:
            self.fault = WIRE
            for connection in list(self._open):
                if connection.fault is not WIRE:
                    self._end(connection, reset=True)

    def break_all(self):
        """Resets every connection now."""
        with self._lock:
            for connection in list(self._open):
                self._end(connection, reset=True)

    def _run(self):
        while not self._stopping:
            events = self._selector.select(TICK_S)
            with self._lock:
                for key, _ in events:
                    if key.data is None:
                        self._accept()
                    else:
                        connection, way = key.data
                        if connection.open:
                            self._read(connection, way)
                for connection in list(self._open):
                    self._pass_on(connection)
        with self._lock:
            for connection in list(self._open):
                self._end(connection, reset=True)
        self._listener.close()
        self._selector.close()

    def _accept(self):
        try:
            caller, _ = self._listener.accept()
        except OSError:
            return
        self.connections += 1
        if self.fault.refuse or len(self._open) >= CONNECTIONS_MAX:
            self.struck += 1
            return self._reset(caller)
        try:
            server = socket.create_connection(self.server, timeout=5)
        except OSError:
            return self._reset(caller)
        connection = _Connection(caller, server, self.fault)
        for side in (caller, server):
            side.setblocking(False)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(connection)
        for way, flow in connection.flows.items():
            self._selector.register(flow.source, selectors.EVENT_READ,
                                    (connection, way))

    @staticmethod
    def _reset(side):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        side.close()

    def _end(self, connection, reset):
        if not connection.open:
            return
        connection.open = False
        self._open.discard(connection)
        for flow in connection.flows.values():
            try:
                self._selector.unregister(flow.source)
            except KeyError:
                pass
        for flow in connection.flows.values():
            self._reset(flow.source) if reset else flow.source.close()

    def _read(self, connection, way):
        flow = connection.flows[way]
        if flow.held_bytes >= HELD_BYTES_MAX:
            return
        try:
            block = flow.source.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            return self._end(connection, reset=True)
        if not block:
            flow.ended = True
            self._selector.unregister(flow.source)
            if not flow.held:
                self._end(connection, reset=False)
            return
        if flow.swallows:
            return
        now = time.monotonic()
        due = now + self._random.uniform(0, connection.fault.delay_s)
        if connection.fault.bytes_per_s:
            flow.free_at = max(flow.free_at, now) + (
                len(block) / connection.fault.bytes_per_s)
            due = max(due, flow.free_at)
        if flow.held:  # a stream keeps its order
            due = max(due, flow.held[-1][0])
        flow.held.append((due, block))
        flow.held_bytes += len(block)

    def _pass_on(self, connection):
        now = time.monotonic()
        for way, flow in connection.flows.items():
            while connection.open and flow.held and flow.held[0][0] <= now:
                due, block = flow.held.popleft()
                flow.held_bytes -= len(block)
                left = self._strike(connection, way, flow, block)
                if left and connection.open:
                    flow.held.appendleft((due, left))
                    flow.held_bytes += len(left)
                    break
            if connection.open and flow.ended and not flow.held:
                self._end(connection, reset=False)

    def _strike(self, connection, way, flow, block):
        """Passes the block on as far as the fault lets it; what could not be
        written yet."""
        fault = connection.fault
        limit = None
        if way == fault.way:
            limits = [at for at in (fault.cut_after, fault.reset_after,
                                    fault.swallow_after, fault.blackhole_after)
                      if at is not None]
            limit = min(limits) if limits else None
        hit = limit is not None and flow.passed + len(block) >= limit
        allowed = block[:limit - flow.passed] if hit else block
        try:
            sent = flow.target.send(allowed) if allowed else 0
        except BlockingIOError:
            return block
        except OSError:
            self._end(connection, reset=True)
            return b""
        flow.passed += sent
        if sent < len(allowed):
            return block[sent:]
        if not hit:
            return b""
        self.struck += 1
        if limit == fault.cut_after:
            self._end(connection, reset=False)
        elif limit == fault.reset_after:
            self._end(connection, reset=True)
        else:
            both = limit == fault.blackhole_after
            for other in connection.flows.values():
                if both or other is flow:
                    other.swallows = True
                    other.held.clear()
                    other.held_bytes = 0
        return b""
