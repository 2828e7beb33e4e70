"""Calls a server without a pause, over connections that it keeps until the server asks it to leave; each new connection shows the newest SVID.

    /usr/bin/python3 load.py http1|grpc AUTHORITY FOLDER EXPECTED_SERVER

FOLDER has identity.pem, the chain and its key in one file that is replaced as a whole, and bundle.pem. The end of standard input ends it;
then it prints {"requests":…,"failures":[…]}. Nothing is tried again here.
"""

import http.client
import itertools
import pathlib
import ssl
import sys
import threading
import traceback

import grpc

import greeter
import spiffe


class NewestIdentity(ssl.SSLContext):
    """Each new connection shows what the file has now."""

    def __new__(cls, folder):
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, folder):
        self._identity = pathlib.Path(folder, "identity.pem")
        # A SPIFFE server is known by its ID, not by its host name.
        self.check_hostname = False
        self.load_verify_locations(pathlib.Path(folder, "bundle.pem"))

    def wrap_socket(self, *arguments, **options):
        # OpenSSL opens the file twice, for the chain and for the key, and it may be replaced between the two.
        with open(self._identity, "rb") as identity:
            self.load_cert_chain(f"/proc/self/fd/{identity.fileno()}")
        return super().wrap_socket(*arguments, **options)


class Http1:
    """http.client: one connection for each worker, opened again by itself after an answer that says 'Connection: close'."""

    def __init__(self, authority, folder, expected_server):
        self._connection = http.client.HTTPSConnection(authority, context=NewestIdentity(folder))
        self._expected_server = expected_server

    def call(self, method):
        if self._connection.sock is None:
            self._connection.connect()
            names = self._connection.sock.getpeercert()["subjectAltName"]
            assert names == (("URI", self._expected_server),), names
        self._connection.request(method, "/load", body="hello" if method == "POST" else None)
        with self._connection.getresponse() as response:
            response.read()
            assert response.status == 200, response.status

    def close(self):
        self._connection.close()


class Channel:
    """One channel with the SVID that was the newest when it was made."""

    def __init__(self, authority, folder, expected_server):
        identity = pathlib.Path(folder, "identity.pem").read_bytes()
        bundle = pathlib.Path(folder, "bundle.pem").read_bytes()
        self._channel = spiffe.channel_with(authority, expected_server, bundle, identity, identity)
        self.say_hello = self._channel.unary_unary(greeter.path_of("SayHello"), request_serializer=greeter.to_bytes, response_deserializer=greeter.from_bytes)
        self.calls = 0
        self.has_left = False
        self._was_ready = False
        self._channel.subscribe(self._see)

    def _see(self, state):
        if state == grpc.ChannelConnectivity.READY:
            self._was_ready = True
        elif self._was_ready:
            self.has_left = True

    def close(self):
        self._channel.close()


class Grpc:
    """grpcio: a channel keeps the SVID that it was made with. When the server has asked it to leave, the next calls go over a new one, and it is closed after the last of its calls."""

    _lock = threading.Lock()
    _channel = None

    def __init__(self, *settings):
        self._settings = settings

    def call(self, _):
        channel = self._take()
        try:
            reply = channel.say_hello("Ada")
            assert reply.value == "Hello, Ada.", reply
        finally:
            self._give_back(channel)

    def _take(self):
        with Grpc._lock:
            if Grpc._channel is None or Grpc._channel.has_left:
                Grpc._channel = Channel(*self._settings)
            Grpc._channel.calls += 1
            return Grpc._channel

    def _give_back(self, channel):
        with Grpc._lock:
            channel.calls -= 1
            is_last = channel.calls == 0 and channel is not Grpc._channel
        if is_last:
            channel.close()

    def close(self):
        with Grpc._lock:
            channel, Grpc._channel = Grpc._channel, None
        if channel is not None:
            channel.close()


def work(caller, is_over, answered, failures):
    for method in itertools.cycle(("GET", "POST")):
        if is_over.is_set() or len(failures) >= 100:
            break
        try:
            caller.call(method)
        except Exception:
            failures.append(f"{method} {traceback.format_exc()}")
        answered.append(1)


def main(kind, *settings):
    is_over, answered, failures = threading.Event(), [], []
    callers = [{"http1": Http1, "grpc": Grpc}[kind](*settings) for _ in range(3)]
    workers = [threading.Thread(target=work, args=(caller, is_over, answered, failures)) for caller in callers]
    for worker in workers:
        worker.start()
    sys.stdin.read()
    is_over.set()
    for worker in workers:
        worker.join()
    greeter.show(requests=len(answered), failures=failures)
    for caller in callers:
        caller.close()


main(*sys.argv[1:])
