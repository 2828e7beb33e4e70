// Reads Kubernetes manifests (YAML documents) from standard input and writes them to standard output as a JSON array, if each is one that the
// API server would take: no key twice, no unknown field, no field missing, no wrong type. Otherwise it says what is wrong and ends with 1.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const folder = import.meta.dirname;
const packages = { 'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/', 'cert-manager.io': '@kubernetes-models/cert-manager/' };
const ours = ['ClusterSPIFFEID', 'Kustomization'];

const moduleOf = ({ apiVersion, kind }) =>
  ours.includes(kind) ? './kinds' : `${packages[apiVersion.split('/')[0]] ?? 'kubernetes-models/'}${apiVersion}/${kind}`;

const nameOf = ({ kind, metadata }) => `${kind} ${metadata?.name}`;

// Kubernetes reads YAML 1.1: 'no' is a boolean, and 0400 is 256.
const parse = (text) => parseAllDocuments(text, { version: '1.1', merge: true }).flatMap((document) => {
  for (const problem of [...document.errors, ...document.warnings]) throw problem;
  const manifest = document.toJS();
  if (manifest === null) return [];
  if (!manifest.apiVersion || !manifest.kind) throw new Error(`A document without apiVersion or kind: ${document}`);
  return [manifest];
});

// The compiler refuses a literal with a property that its type does not have, at any depth.
const checkTypes = (manifests) => {
  const code = manifests.map((manifest, i) => `
// ${nameOf(manifest)}
import type { I${manifest.kind} as Kind${i} } from '${moduleOf(manifest)}';
export const manifest${i}: Kind${i} = ${JSON.stringify(manifest, null, 1)};`);
  const work = mkdtempSync(join(tmpdir(), 'manifests-'));
  try {
    symlinkSync(join(folder, 'node_modules'), join(work, 'node_modules'));
    symlinkSync(join(folder, 'kinds.d.ts'), join(work, 'kinds.d.ts'));
    writeFileSync(join(work, 'manifests.ts'), code.join('\n'));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'esnext', '--module', 'preserve', '--preserveSymlinks', '--types', ''];
    execFileSync(join(folder, 'node_modules', '.bin', 'tsc'), [...options, 'manifests.ts'], { cwd: work });
  } finally {
    rmSync(work, { recursive: true });
  }
};

// Formats and ranges, which no type says.
const checkValues = async (manifest) => {
  if (ours.includes(manifest.kind)) return;
  const module = await import(moduleOf(manifest));
  new module[manifest.kind](manifest).validate();
};

let at = 'The input';
try {
  const manifests = parse(readFileSync(0, 'utf8'));
  checkTypes(manifests);
  for (const manifest of manifests) {
    at = nameOf(manifest);
    await checkValues(manifest);
  }
  process.stdout.write(JSON.stringify(manifests));
} catch (problem) {
  console.error(`${at}: ${problem.stdout?.toString() ?? problem.message}`);
  process.exitCode = 1;
}
