// Writes what 'kubectl kustomize FOLDER' gives, for the part of kustomize that samples/Deploy uses: resources, images, patches of RFC 6902 for a kind,
// and ConfigMaps of files.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import patches from 'fast-json-patch';
import { parse, parseAllDocuments, stringify } from 'yaml';

const options = { version: '1.1', merge: true };
const fields = ['apiVersion', 'kind', 'resources', 'images', 'patches', 'configMapGenerator'];

const read = (path) => parseAllDocuments(readFileSync(path, 'utf8'), options).map((document) => document.toJS());

const render = (folder) => {
  const kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'), options);
  const unknown = Object.keys(kustomization).find((field) => !fields.includes(field));
  if (unknown) throw new Error(`${folder}: '${unknown}' is not carried out here.`);

  const paths = (kustomization.resources ?? []).map((resource) => join(folder, resource));
  const manifests = paths.flatMap((path) => (statSync(path).isDirectory() ? render(path) : read(path)));
  for (const image of kustomization.images ?? []) setImage(manifests, image);
  for (const patch of kustomization.patches ?? []) apply(manifests, patch, folder);
  return [...manifests, ...(kustomization.configMapGenerator ?? []).map((map) => configMap(map, folder))];
};

const setImage = (manifests, { name, newName, newTag }) => {
  const containers = manifests.flatMap((manifest) => manifest.spec?.template?.spec?.containers ?? []).filter((container) => container.image === name);
  if (containers.length === 0) throw new Error(`No container has the image '${name}'.`);
  for (const container of containers) container.image = `${newName}:${newTag}`;
};

const apply = (manifests, { path, target }, folder) => {
  const operations = parse(readFileSync(join(folder, path), 'utf8'), options);
  const targets = manifests.filter((manifest) => manifest.kind === target.kind);
  if (targets.length === 0) throw new Error(`${path}: there is no ${target.kind}.`);
  for (const manifest of targets) patches.applyPatch(manifest, operations, true);
};

const configMap = ({ name, files, options: { labels } }, folder) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data: Object.fromEntries(files.map((file) => file.split('=')).map(([key, path]) => [key, readFileSync(join(folder, path), 'utf8')])),
});

process.stdout.write(render(process.argv[2]).map((manifest) => stringify(manifest, { version: '1.1', aliasDuplicateObjects: false })).join('---\n'));
