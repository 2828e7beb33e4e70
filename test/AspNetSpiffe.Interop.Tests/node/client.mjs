// Makes one call to a Workload API and prints what comes back.
//   node client.mjs PROTO ADDRESS METHOD REQUEST [--without-security-header]
// REQUEST is JSON. Prints {"message":…} for each message and {"status":…,"details":…} at the end. The end of standard input cancels the call.
import grpc from '@grpc/grpc-js';
import { print, readLines, securityHeader, serviceFrom } from './service.mjs';

const [protoFile, address, method, request, option] = process.argv.slice(2);
const Service = serviceFrom(protoFile);
const client = new Service(address, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
if (option !== '--without-security-header') metadata.set(securityHeader, 'true');

// google.protobuf.Struct as the JSON object that it stands for.
const plain = (value) => {
  if (value.kind === 'structValue') return object(value.structValue);
  if (value.kind === 'listValue') return value.listValue.values.map(plain);
  return value.kind === 'nullValue' ? null : value[value.kind];
};
const object = ({ fields }) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));

const take = (message) => print({ message: message.claims ? { ...message, claims: object(message.claims) } : message });
const end = ({ code, details }) => {
  print({ status: code, details });
  client.close();
  process.exit(0);
};

const isStream = Service.service[method].responseStream;
const call = isStream
  ? client[method](JSON.parse(request), metadata)
  : client[method](JSON.parse(request), metadata, (error, message) => error ?? take(message));
if (isStream) call.on('data', take).on('error', () => {});
call.on('status', (status) => setImmediate(end, status));
readLines(() => {}, () => call.cancel());
