"""A greeter over mutual TLS that answers one caller, and with SayHello every verified one.

    /usr/bin/python3 greeter_server.py FOLDER EXPECTED_CALLER

Prints {"event":"listening","port":…}, and {"event":"call","method":…,"caller":…} for each call. Ends with its standard input.
"""

import concurrent.futures
import sys

import grpc

import greeter
import spiffe


def repeat_hello(request):
    for number in (1, 2, 3):
        yield f"Hello {number}, {request.value}."


def chat(requests):
    for request in requests:
        yield f"Hello, {request.value}."


ANSWERS = {
    "SayHello": lambda request: f"Hello, {request.value}.",
    "RepeatHello": repeat_hello,
    "HelloToAll": lambda requests: f"Hello, {' and '.join(request.value for request in requests)}.",
    "Chat": chat,
}


def guarded(method, expected_caller):
    def answer(request, context):
        caller = spiffe.caller_of(context)
        greeter.show(event="call", method=method, caller=caller)
        if caller is None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no SPIFFE ID")
        if method != "SayHello" and caller != expected_caller:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")
        return ANSWERS[method](request)

    return answer


def handler(method, expected_caller):
    streams_in, streams_out = greeter.METHODS[method]
    make = getattr(grpc, f"{'stream' if streams_in else 'unary'}_{'stream' if streams_out else 'unary'}_rpc_method_handler")
    return make(guarded(method, expected_caller), request_deserializer=greeter.from_bytes, response_serializer=greeter.to_bytes)


def main(folder, expected_caller):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
    handlers = {method: handler(method, expected_caller) for method in ANSWERS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("greeter.Greeter", handlers),))
    port = server.add_secure_port("127.0.0.1:0", spiffe.server_credentials(folder))
    server.start()
    greeter.show(event="listening", port=port)
    sys.stdin.read()
    server.stop(0).wait()


main(*sys.argv[1:])
