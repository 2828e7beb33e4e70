// Casbin as a process of its own, over mutual TLS, with the SVID that `aspnet-spiffe write` keeps fresh, and the REST API of Open Policy Agent.
// node engine.mjs SVID_FOLDER POLICY_FILE CALLER_ID [PORT]; SIGHUP reads SVID and policy again.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { newEnforcer } from 'casbin';

const [folder, policyFile, expectedCaller, port = '8181'] = process.argv.slice(2);
const model = new URL('model.conf', import.meta.url).pathname;
const svid = () => ({ cert: readFileSync(`${folder}/tls.crt`), key: readFileSync(`${folder}/tls.key`), ca: readFileSync(`${folder}/ca.crt`) });

let enforcer = await newEnforcer(model, policyFile);

const answer = async (request, response) => {
  // Node.js has verified the chain; which workload it is, is ours to see.
  if (request.socket.getPeerCertificate().subjectaltname !== `URI:${expectedCaller}`) return response.writeHead(403).end();
  if (request.method !== 'POST' || request.url !== '/v1/data/orders/allow') return response.writeHead(404).end();
  let body = '';
  for await (const chunk of request) body += chunk;
  const { caller, method, path } = JSON.parse(body).input;
  const result = await enforcer.enforce(caller, path, method);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ result }));
};

const server = createServer({ ...svid(), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }, (request, response) =>
  answer(request, response).catch((error) => {
    console.error(`no decision: ${error.message}`);
    response.writeHead(500).end();
  }));
server.listen(Number(port), '127.0.0.1', () => console.log(`listening on https://127.0.0.1:${server.address().port}`));

// What cannot be read changes nothing: the last good policy and SVID stay in use.
process.on('SIGHUP', async () => {
  try {
    const next = await newEnforcer(model, policyFile);
    server.setSecureContext({ ...svid(), minVersion: 'TLSv1.3' });
    enforcer = next;
    console.log('reloaded');
  } catch (error) {
    console.log(`not reloaded: ${error.message}`);
  }
});
