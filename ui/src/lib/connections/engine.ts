/** An engine as its form has it: which way it is reached decides what else there is to say. */
import type { Engine } from '#lib/api/types.ts';

/** How an engine at tcp:// is told from somebody who only says so. */
export type Proof = 'pem' | 'folder' | 'none';
export const PROOFS: Proof[] = ['pem', 'folder', 'none'];

export interface EngineFields {
  name: string;
  url: string;
  proof: Proof;
  ca: string;
  certificate: string;
  certs: string;
  listen: string;
  address: string;
}

export const isTcp = (url: string): boolean => /^(tcp|https?):\/\//.test(url.trim());
export const isSsh = (url: string): boolean => /^ssh:\/\//.test(url.trim());

export function fieldsOf(known: Engine | undefined): EngineFields {
  const { name = '', url, ca, certificate, certs, insecure, listen, address } = known ?? {};
  const open = insecure || (isTcp(url ?? '') && !ca && !certificate && !certs && !url?.startsWith('https'));
  return {
    name,
    url: url ?? '',
    proof: certs ? 'folder' : open ? 'none' : 'pem',
    ca: ca ?? '',
    certificate: certificate ?? '',
    certs: certs ?? '',
    listen: listen ?? '',
    address: address ?? '',
  };
}

/** What Forge is told: nothing that its address has no use for. */
export function bodyOf(fields: EngineFields) {
  const text = (value: string) => value.trim() || null;
  const tcp = isTcp(fields.url);
  const pem = tcp && fields.proof === 'pem';
  return {
    url: text(fields.url),
    ca: pem ? text(fields.ca) : null,
    certificate: pem ? text(fields.certificate) : null,
    certs: tcp && fields.proof === 'folder' ? text(fields.certs) : null,
    insecure: tcp && fields.proof === 'none',
    listen: text(fields.listen),
    address: text(fields.address),
  };
}
