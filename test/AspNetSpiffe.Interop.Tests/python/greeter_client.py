"""Makes one call to a greeter and prints what comes back.

    /usr/bin/python3 greeter_client.py ADDRESS METHOD NAMES [FOLDER EXPECTED_SERVER]

NAMES is a JSON array. Without FOLDER it speaks plain text. Prints {"message":…} for each reply and {"status":…,"details":…} at the end.
"""

import json
import sys
import threading

import grpc

import greeter
import spiffe


def one_by_one(names, answered):
    """In a chat the next name is sent when the last has been answered."""
    for name in names:
        yield name
        answered.acquire()


def replies_of(channel, method, names, answered):
    streams_in, streams_out = greeter.METHODS[method]
    kind = f"{'stream' if streams_in else 'unary'}_{'stream' if streams_out else 'unary'}"
    invoke = getattr(channel, kind)(greeter.path_of(method), request_serializer=greeter.to_bytes, response_deserializer=greeter.from_bytes)
    request = names[0] if not streams_in else one_by_one(names, answered) if streams_out else iter(names)
    return invoke(request) if streams_out else [invoke(request)]


def main(address, method, names, *identity):
    answered = threading.Semaphore(0)
    with spiffe.channel_to(address, *identity) if identity else grpc.insecure_channel(address) as channel:
        try:
            for reply in replies_of(channel, method, json.loads(names), answered):
                greeter.show(message=reply.value)
                answered.release()
            greeter.show(status=0, details="")
        except grpc.RpcError as error:
            greeter.show(status=error.code().value[0], details=error.details())


main(*sys.argv[1:])
