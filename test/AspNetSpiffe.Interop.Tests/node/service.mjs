// The services as @grpc/grpc-js sees them: the proto file by its path, bytes as base64, names as in the standard.
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { createInterface } from 'node:readline';

export const securityHeader = 'workload.spiffe.io';

const load = (protoFile) =>
  grpc.loadPackageDefinition(
    protoLoader.loadSync(protoFile, { keepCase: true, longs: Number, enums: String, bytes: String, defaults: true, oneofs: true }),
  );

// The Workload API, or the health of its server.
export const serviceFrom = (protoFile) => {
  const all = load(protoFile);
  return all.SpiffeWorkloadAPI ?? all.grpc.health.v1.Health;
};

export const greeterFrom = (protoFile) => load(protoFile).greeter.Greeter;

export const print = (value) => process.stdout.write(JSON.stringify(value) + '\n');

// One JSON value per line of standard input; its end is the order to stop.
export const readLines = (take, stop) =>
  createInterface({ input: process.stdin }).on('line', (line) => take(JSON.parse(line))).on('close', stop);
