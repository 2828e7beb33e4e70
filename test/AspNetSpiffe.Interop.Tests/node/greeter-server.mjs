// A greeter over mutual TLS that answers one caller, and with SayHello every verified one.
//   node greeter-server.mjs PROTO FOLDER EXPECTED_CALLER
// Prints {"event":"listening","port":…}, and {"event":"call","method":…,"caller":…} for each call. Ends with its standard input.
import grpc from '@grpc/grpc-js';
import { greeterFrom, print, readLines } from './service.mjs';
import { callerOf, serverCredentials } from './spiffe.mjs';

const [protoFile, folder, expectedCaller] = process.argv.slice(2);

const statusOf = (method, caller) => {
  if (caller === null) return { code: grpc.status.UNAUTHENTICATED, details: 'no SPIFFE ID' };
  return method === 'SayHello' || caller === expectedCaller ? null : { code: grpc.status.PERMISSION_DENIED, details: 'not you' };
};

const answers = {
  SayHello: (call, reply) => reply(null, { message: `Hello, ${call.request.name}.` }),
  RepeatHello: (call) => {
    for (const number of [1, 2, 3]) call.write({ message: `Hello ${number}, ${call.request.name}.` });
    call.end();
  },
  HelloToAll: (call, reply) => {
    const names = [];
    call.on('data', ({ name }) => names.push(name)).on('end', () => reply(null, { message: `Hello, ${names.join(' and ')}.` }));
  },
  Chat: (call) => call.on('data', ({ name }) => call.write({ message: `Hello, ${name}.` })).on('end', () => call.end()),
};

const guarded = ([method, answer]) => [
  method,
  (call, reply) => {
    const caller = callerOf(call);
    print({ event: 'call', method, caller });
    const refusal = statusOf(method, caller);
    if (!refusal) answer(call, reply);
    else if (reply) reply(refusal);
    else call.emit('error', refusal);
  },
];

const server = new grpc.Server();
server.addService(greeterFrom(protoFile).service, Object.fromEntries(Object.entries(answers).map(guarded)));
server.bindAsync('127.0.0.1:0', serverCredentials(folder), (error, port) => {
  if (error) throw error;
  print({ event: 'listening', port });
  readLines(() => {}, () => {
    server.forceShutdown();
    process.exit(0);
  });
});
