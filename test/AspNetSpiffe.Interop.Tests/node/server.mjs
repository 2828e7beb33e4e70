// A Workload API server on a Unix socket that says what the test tells it to.
//   node server.mjs PROTO SOCKET
// Standard input, one order per line:
//   {"order":"say","method":"FetchX509SVID","message":{…}}            what calls are answered; open streams get it at once
//   {"order":"end","method":"FetchX509SVID","code":14,"details":"…"}  ends the open streams with a status; later calls are answered as before
//   {"order":"refuse","method":"FetchX509SVID","code":7,"details":"…"}  ends open streams, and all calls until the next "say"
// Standard output: {"event":"listening"}, {"event":"call","method":…,"request":…}, and {"event":"done"} after each order.
import grpc from '@grpc/grpc-js';
import { print, readLines, securityHeader, serviceFrom } from './service.mjs';

const [protoFile, socket] = process.argv.slice(2);
const { service } = serviceFrom(protoFile);
const streams = new Map();
const answers = new Map();
const refusals = new Map();

const statusOf = (method, call) => {
  const header = call.metadata.get(securityHeader);
  if (header.length !== 1 || header[0] !== 'true')
    return { code: grpc.status.INVALID_ARGUMENT, details: 'security header missing from request' };
  if (refusals.has(method)) return refusals.get(method);
  return answers.has(method) ? null : { code: grpc.status.UNAVAILABLE, details: `the test has not said what ${method} answers` };
};

// Not destroy(): that would drop the stream without its status.
const endCall = (call, status) => call.emit('error', status);

const stream = (method) => (call) => {
  print({ event: 'call', method, request: call.request });
  const status = statusOf(method, call);
  if (status) return endCall(call, status);

  streams.get(method).add(call);
  call.on('cancelled', () => streams.get(method).delete(call));
  call.write(answers.get(method));
};

const answer = (method) => (call, reply) => {
  print({ event: 'call', method, request: call.request });
  const status = statusOf(method, call);
  if (status) reply(status);
  else reply(null, answers.get(method));
};

const endStreams = (method, status) => {
  for (const call of streams.get(method)) endCall(call, status);
  streams.get(method).clear();
};

const orders = {
  say: ({ method, message }) => {
    refusals.delete(method);
    answers.set(method, message);
    for (const call of streams.get(method)) call.write(message);
  },
  end: ({ method, code, details }) => endStreams(method, { code, details }),
  refuse: ({ method, code, details }) => {
    refusals.set(method, { code, details });
    endStreams(method, { code, details });
  },
};

const server = new grpc.Server();
const handlers = {};
for (const [method, { responseStream }] of Object.entries(service)) {
  streams.set(method, new Set());
  handlers[method] = responseStream ? stream(method) : answer(method);
}
server.addService(service, handlers);
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  print({ event: 'listening' });
  readLines(
    (order) => {
      orders[order.order](order);
      print({ event: 'done' });
    },
    () => {
      server.forceShutdown();
      process.exit(0);
    },
  );
});
