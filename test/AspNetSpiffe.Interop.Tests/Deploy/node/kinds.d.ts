// Kinds for which no package has types: the fields that our manifests may use, as their documentation names them.
import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import type { ILabelSelector } from '@kubernetes-models/apimachinery/apis/meta/v1/LabelSelector';

// spire-controller-manager, docs/clusterspiffeid-crd.md
export interface IClusterSPIFFEID {
  apiVersion: 'spire.spiffe.io/v1alpha1';
  kind: 'ClusterSPIFFEID';
  // It belongs to the cluster, not to a namespace.
  metadata: IObjectMeta & { namespace?: never };
  spec: {
    spiffeIDTemplate: string;
    className?: string;
    podSelector?: ILabelSelector;
    namespaceSelector?: ILabelSelector;
    dnsNameTemplates?: string[];
    workloadSelectorTemplates?: string[];
    federatesWith?: string[];
    autoPopulateDNSNames?: boolean;
    fallback?: boolean;
    hint?: string;
    ttl?: string;
    jwtTtl?: string;
  };
}

// kubectl.docs.kubernetes.io, references/kustomize/kustomization: what kustomize.mjs carries out
export interface IKustomization {
  apiVersion: 'kustomize.config.k8s.io/v1beta1';
  kind: 'Kustomization';
  resources?: string[];
  images?: { name: string; newName: string; newTag: string }[];
  patches?: { path: string; target: { kind: string } }[];
  configMapGenerator?: { name: string; files: string[]; options: { disableNameSuffixHash: true; labels: Record<string, string> } }[];
}
