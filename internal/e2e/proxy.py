"""A TCP proxy that can stall: what it has taken it holds, and lets go later, as a network does that is cut off
for a while; or that refuses, as a machine does on which nobody listens."""

import socket
import threading

CHUNK = 1 << 16


class Proxy:
    """Listens on a port of 127.0.0.1 and passes on to another one. Threads: one that accepts, two a connection;
    all end with close()."""

    def __init__(self, target=None):
        self.target = target  # a port, may be set later but before the first connection
        self.flowing, self.refusing = threading.Event(), False
        self.flowing.set()
        self.lock = threading.Lock()
        self.sockets = set()
        self.accepted = self.passed = self.late = 0  # connections; bytes passed, and those that had waited
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self):
        self.flowing.clear()

    def flow(self):
        self.refusing = False
        self.flowing.set()

    def refuse(self):
        """Cuts every connection, and each new one at once."""
        self.refusing = True
        self._cut()

    def close(self):
        self.listener.close()
        self._cut()
        self.flowing.set()

    def _cut(self):
        with self.lock:
            sockets, self.sockets = self.sockets, set()
        for one in sockets:
            _shut(one)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # closed
                return
            self.accepted += 1
            if self.refusing:
                client.close()
                continue
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        self.flowing.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self.lock:
            self.sockets |= {client, server}
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server)
        back.join()
        with self.lock:
            self.sockets -= {client, server}
        client.close()
        server.close()

    def _pump(self, source, sink):
        """Passes on one direction until its end. A side that hung up ends its direction alone: what it sent
        before is still delivered."""
        try:
            while data := source.recv(CHUNK):
                waited = not self.flowing.is_set()
                self.flowing.wait()
                sink.sendall(data)
                with self.lock:
                    self.passed += len(data)
                    self.late += len(data) if waited else 0
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _shut(source)
            _shut(sink)


def _shut(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was cut already
