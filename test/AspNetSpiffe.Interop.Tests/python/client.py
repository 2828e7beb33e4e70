"""Makes one call to a Workload API and prints what comes back.

    /usr/bin/python3 client.py ADDRESS METHOD REQUEST [--without-security-header]

REQUEST is JSON. Prints {"message":…} for each message and {"status":…,"details":…} at the end. The end of standard input
cancels the call. The messages are described here, from the standard, and not read from the project's proto file.
"""

import json
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2

MESSAGES = {
    "X509SVIDRequest": [],
    "X509SVIDResponse": [("svids", 1, "*X509SVID"), ("crl", 2, "*bytes"), ("federated_bundles", 3, "map")],
    "X509SVID": [("spiffe_id", 1, "string"), ("x509_svid", 2, "bytes"), ("x509_svid_key", 3, "bytes"), ("bundle", 4, "bytes"), ("hint", 5, "string")],
    "X509BundlesRequest": [],
    "X509BundlesResponse": [("crl", 1, "*bytes"), ("bundles", 2, "map")],
    "JWTSVIDRequest": [("audience", 1, "*string"), ("spiffe_id", 2, "string")],
    "JWTSVIDResponse": [("svids", 1, "*JWTSVID")],
    "JWTSVID": [("spiffe_id", 1, "string"), ("svid", 2, "string"), ("hint", 3, "string")],
    "JWTBundlesRequest": [],
    "JWTBundlesResponse": [("bundles", 1, "map")],
    "ValidateJWTSVIDRequest": [("audience", 1, "string"), ("svid", 2, "string")],
    "ValidateJWTSVIDResponse": [("spiffe_id", 1, "string"), ("claims", 2, "google.protobuf.Struct")],
    "HealthCheckRequest": [("service", 1, "string")],
    "HealthCheckResponse": [("status", 1, "int32")],
}

# method: request, response, whether it streams
METHODS = {
    "FetchX509SVID": ("X509SVIDRequest", "X509SVIDResponse", True),
    "FetchX509Bundles": ("X509BundlesRequest", "X509BundlesResponse", True),
    "FetchJWTSVID": ("JWTSVIDRequest", "JWTSVIDResponse", False),
    "FetchJWTBundles": ("JWTBundlesRequest", "JWTBundlesResponse", True),
    "ValidateJWTSVID": ("ValidateJWTSVIDRequest", "ValidateJWTSVIDResponse", False),
    "Check": ("HealthCheckRequest", "HealthCheckResponse", False),
    "Watch": ("HealthCheckRequest", "HealthCheckResponse", True),
}

HEALTH = ("Check", "Watch")

Field = descriptor_pb2.FieldDescriptorProto
SCALARS = {"string": Field.TYPE_STRING, "bytes": Field.TYPE_BYTES, "int32": Field.TYPE_INT32}


def add_field(message, name, number, kind):
    field = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    if kind == "map" or kind.startswith("*"):
        field.label = Field.LABEL_REPEATED
    if kind == "map":
        entry = message.nested_type.add(name="".join(word.capitalize() for word in name.split("_")) + "Entry")
        entry.options.map_entry = True
        add_field(entry, "key", 1, "string")
        add_field(entry, "value", 2, "bytes")
        kind = f"{message.name}.{entry.name}"
    kind = kind.lstrip("*")
    if kind in SCALARS:
        field.type = SCALARS[kind]
    else:
        field.type = Field.TYPE_MESSAGE
        field.type_name = "." + kind


def message_types():
    file = descriptor_pb2.FileDescriptorProto(name="spiffe_workload_api.proto", syntax="proto3")
    file.dependency.append(struct_pb2.DESCRIPTOR.name)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            add_field(message, *field)
    pool = descriptor_pool.Default()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName(name)) for name in MESSAGES}


def show(value):
    print(json.dumps(value), flush=True)


def show_message(message):
    show({"message": json_format.MessageToDict(message, including_default_value_fields=True, preserving_proto_field_name=True)})


def cancel_at_end_of_input(call):
    sys.stdin.read()
    call.cancel()


def main(address, method, request, *options):
    types = message_types()
    request_name, response_name, streams = METHODS[method]
    headers = [] if "--without-security-header" in options else [("workload.spiffe.io", "true")]
    with grpc.insecure_channel(address) as channel:
        make = channel.unary_stream if streams else channel.unary_unary
        invoke = make(
            f"/{'grpc.health.v1.Health' if method in HEALTH else 'SpiffeWorkloadAPI'}/{method}",
            request_serializer=types[request_name].SerializeToString,
            response_deserializer=types[response_name].FromString,
        )
        message = json_format.Parse(request, types[request_name]())
        call = invoke(message, metadata=headers) if streams else invoke.future(message, metadata=headers)
        threading.Thread(target=cancel_at_end_of_input, args=(call,), daemon=True).start()
        try:
            for answer in call if streams else [call.result()]:
                show_message(answer)
        except (grpc.RpcError, grpc.FutureCancelledError):
            pass  # the status follows
        show({"status": call.code().value[0], "details": call.details()})


main(*sys.argv[1:])
