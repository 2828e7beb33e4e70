// Calls a server without a pause, over connections that it keeps until the server asks it to leave; each new connection shows the newest SVID.
//   node load.mjs http1|http2|grpc AUTHORITY FOLDER EXPECTED_SERVER PROTO
// FOLDER has identity.pem, the chain and its key in one file that is replaced as a whole, and bundle.pem. The end of standard input ends it;
// then it prints {"requests":…,"unsent":…,"failures":[…]}.
import grpc from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import { join } from 'node:path';
import { greeterFrom, print, readLines } from './service.mjs';
import { mustBe } from './spiffe.mjs';

const [kind, authority, folder, expectedServer, protoFile] = process.argv.slice(2);
const ca = readFileSync(join(folder, 'bundle.pem'));
const checkServerIdentity = mustBe(expectedServer);
const newest = () => {
  const identity = readFileSync(join(folder, 'identity.pem'));
  return { ca, cert: identity, key: identity, checkServerIdentity };
};

const read = (stream) => new Promise((resolve, reject) => stream.on('error', reject).on('end', resolve).resume());

// The certificate is no part of the agent's key, so that a renewal leaves the open connections alone.
class Agent extends https.Agent {
  createConnection(options, connected) {
    return super.createConnection({ ...options, ...newest() }, connected);
  }
}

const overHttp1 = () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const call = async (method) => {
    const request = https.request(`https://${authority}/load`, { agent, method });
    const response = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject).end(method === 'POST' ? 'hello' : undefined));
    await read(response);
    return response.statusCode;
  };
  return { call, close: () => agent.destroy(), expected: 200 };
};

// A session that was asked to leave is closed by Node itself as soon as its requests are answered: it only takes no new ones.
// Node takes one more when the GOAWAY has come but is not yet read, and then refuses it by itself: nothing of it was sent, and it goes over the next session (RFC 9113 section 8.7).
const overHttp2 = (failures, times) => {
  let session;
  const open = () => http2.connect(`https://${authority}`, newest()).on('error', (error) => failures.push(`session: ${error.stack}`));
  const call = async (method) => {
    if (!session || session.closed || session.destroyed) session = open();
    const stream = session.request({ ':method': method, ':path': '/load' });
    let status;
    stream.on('response', (headers) => (status = headers[':status'])).end(method === 'POST' ? 'hello' : undefined);
    try {
      await read(stream);
    } catch (error) {
      if (stream.rstCode !== http2.constants.NGHTTP2_REFUSED_STREAM) throw error;
      times.unsent++;
      return call(method);
    }
    return status;
  };
  return { call, close: () => session.close(), expected: 200 };
};

// What grpc-js has for files that change reads the chain and the key one after the other; here they are one file.
class NewestIdentity {
  #timers = new Map();

  addIdentityCertificateListener(listener) {
    const tell = () => {
      const { cert, key } = newest();
      listener({ certificate: cert, privateKey: key });
    };
    this.#timers.set(listener, setInterval(tell, 50));
    tell();
  }

  removeIdentityCertificateListener(listener) {
    clearInterval(this.#timers.get(listener));
  }

  addCaCertificateListener(listener) {
    listener({ caCertificate: ca });
  }

  removeCaCertificateListener() {}
}

const overGrpc = () => {
  const identity = new NewestIdentity();
  const credentials = grpc.experimental.createCertificateProviderChannelCredentials(identity, identity, { checkServerIdentity });
  const client = new (greeterFrom(protoFile))(authority, credentials);
  const call = () => new Promise((resolve, reject) => client.SayHello({ name: 'Ada' }, (error) => (error ? reject(error) : resolve(0))));
  return { call, close: () => client.close(), expected: 0 };
};

const [failures, times] = [[], { requests: 0, unsent: 0, isOver: false }];
const { call, close, expected } = { http1: overHttp1, http2: overHttp2, grpc: overGrpc }[kind](failures, times);

const work = async (method) => {
  while (!times.isOver && failures.length < 100) {
    try {
      const status = await call(method);
      if (status !== expected) failures.push(`${method} ${status}`);
    } catch (error) {
      failures.push(`${method} ${error.stack}`);
    }
    times.requests++;
  }
};

readLines(() => {}, () => (times.isOver = true));
await Promise.all(['GET', 'POST', 'GET', 'POST'].map(work));
print({ requests: times.requests, unsent: times.unsent, failures });
close();
