// Mutual TLS with an X509-SVID for @grpc/grpc-js, from the folder that `aspnet-spiffe fetch x509 --write` fills.
import grpc from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (folder) => ['bundle.pem', 'key.pem', 'svid.pem'].map((name) => readFileSync(join(folder, name)));

// The SPIFFE ID of a certificate whose chain TLS has verified: its only URI SAN. Node.js quotes unusual names; an SVID has none.
const spiffeIdOf = (certificate) => {
  const names = certificate?.subjectaltname ?? '';
  const uris = names.split(', ').filter((name) => name.startsWith('URI:'));
  return uris.length === 1 && uris[0].startsWith('URI:spiffe://') && !names.includes('"') ? uris[0].slice(4) : null;
};

// For a client: the server must have this ID; its host name is not compared.
export const mustBe = (expectedServer) => (host, certificate) =>
  spiffeIdOf(certificate) === expectedServer ? undefined : new Error(`The server is ${spiffeIdOf(certificate)}; expected was ${expectedServer}.`);

export const channelCredentials = (folder, expectedServer) => {
  const [bundle, key, svid] = read(folder);
  return grpc.credentials.createSsl(bundle, key, svid, { checkServerIdentity: mustBe(expectedServer) });
};

// For a server: clients must present a certificate that the bundle verifies.
export const serverCredentials = (folder) => {
  const [bundle, key, svid] = read(folder);
  return grpc.ServerCredentials.createSsl(bundle, [{ private_key: key, cert_chain: svid }], true);
};

// The caller's SPIFFE ID: compare it before the call is processed.
export const callerOf = (call) => spiffeIdOf(call.getAuthContext()?.sslPeerCertificate);
