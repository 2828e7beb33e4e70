"""The greeter as grpcio sees it: each method with what streams, and its messages, which are one string in field 1."""

import json

from google.protobuf import wrappers_pb2

# method: whether the requests stream, whether the replies stream
METHODS = {"SayHello": (False, False), "RepeatHello": (False, True), "HelloToAll": (True, False), "Chat": (True, True)}

# On the wire a HelloRequest and a HelloReply are what this is.
from_bytes = wrappers_pb2.StringValue.FromString


def to_bytes(text):
    return wrappers_pb2.StringValue(value=text).SerializeToString()


def path_of(method):
    return f"/greeter.Greeter/{method}"


def show(**value):
    print(json.dumps(value), flush=True)
