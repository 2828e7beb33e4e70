// Calls a method that it knows only by reflection, as grpcurl -plaintext does, and prints JSON: {"services":[…]}, then {"reply":…} or {"status":…,"details":…}.
//   node reflection-client.mjs ADDRESS SERVICE METHOD REQUEST [VERSION_OF_REFLECTION]
import grpc from '@grpc/grpc-js';
import { GrpcReflection } from 'grpc-js-reflection-client';

const [address, service, method, request, version = 'v1'] = process.argv.slice(2);
const print = (message) => console.log(JSON.stringify(message));
const credentials = grpc.credentials.createInsecure();

const reflection = new GrpcReflection(address, credentials, {}, version);
print({ services: await reflection.listServices() });
const descriptor = await reflection.getDescriptorBySymbol(service);
const found = service.split('.').reduce((names, name) => names[name], descriptor.getPackageObject({ keepCase: true, longs: String }));

const client = new found(address, credentials);
client[method](JSON.parse(request), (error, reply) => {
  print(error ? { status: error.code, details: error.details } : { reply });
  client.close();
  process.exit(0);
});
