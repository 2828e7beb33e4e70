// Makes one call to a greeter and prints what comes back.
//   node greeter-client.mjs PROTO ADDRESS METHOD NAMES [FOLDER EXPECTED_SERVER]
// NAMES is a JSON array. Without FOLDER it speaks plain text. Prints {"message":…} for each reply and {"status":…,"details":…} at the end.
import grpc from '@grpc/grpc-js';
import { greeterFrom, print } from './service.mjs';
import { channelCredentials } from './spiffe.mjs';

const [protoFile, address, method, namesJson, folder, expectedServer] = process.argv.slice(2);
const names = JSON.parse(namesJson);
const Greeter = greeterFrom(protoFile);
const client = new Greeter(address, folder ? channelCredentials(folder, expectedServer) : grpc.credentials.createInsecure());
const { requestStream, responseStream } = Greeter.service[method];

// In a chat the next name is sent when the last has been answered.
const sendNext = () => (names.length > 0 ? call.write({ name: names.shift() }) : call.end());
const take = ({ message }) => {
  print({ message });
  if (requestStream && responseStream) sendNext();
};
const takeOne = (error, reply) => error ?? take(reply);

const call = requestStream
  ? responseStream ? client[method]() : client[method](takeOne)
  : responseStream ? client[method]({ name: names[0] }) : client[method]({ name: names[0] }, takeOne);
if (responseStream) call.on('data', take);
call.on('error', () => {});
call.on('status', ({ code, details }) => setImmediate(() => {
  print({ status: code, details });
  client.close();
}));
if (requestStream) {
  sendNext();
  if (!responseStream) while (!call.writableEnded) sendNext();
}
