"""Mutual TLS with an X509-SVID for grpcio, from the folder that `aspnet-spiffe fetch x509 --write` fills."""

import pathlib

import grpc


def channel_to(address, folder, expected_server):
    """A channel to the server with this ID."""
    return channel_with(address, expected_server, *read(folder))


def channel_with(address, expected_server, bundle, key, svid):
    # grpcio compares a name with all names of the certificate. Without brackets it parses the text after the colon as a port.
    # The authority must be the host of the address: grpcio then treats that name as verified.
    options = [("grpc.ssl_target_name_override", f"[{expected_server}]"), ("grpc.default_authority", address.rsplit(":", 1)[0])]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(bundle, key, svid), options)


def server_credentials(folder):
    """Clients must present a certificate that the bundle verifies. The files are read again for each handshake: a renewal needs no restart."""

    def configuration():
        bundle, key, svid = read(folder)
        return grpc.ssl_server_certificate_configuration([(key, svid)], root_certificates=bundle)

    return grpc.dynamic_ssl_server_credentials(configuration(), configuration, require_client_authentication=True)


def caller_of(context):
    """The caller's SPIFFE ID: compare it before the call is processed."""
    ids = context.auth_context().get("peer_spiffe_id", [])
    return ids[0].decode() if len(ids) == 1 else None


def read(folder):
    return [pathlib.Path(folder, name).read_bytes() for name in ("bundle.pem", "key.pem", "svid.pem")]
