/** What is known of registries before anybody says it: for filling in the form. */

export interface Preset {
  flavour: 'docker_hub' | 'ghcr' | 'gitea' | 'oci';
  url: string;
  name: string;
}

const HUB: Preset = { flavour: 'docker_hub', url: 'https://registry-1.docker.io', name: 'docker-hub' };
const GHCR: Preset = { flavour: 'ghcr', url: 'https://ghcr.io', name: 'ghcr' };

export const PRESETS: Record<Preset['flavour'], Preset> = {
  docker_hub: HUB,
  ghcr: GHCR,
  gitea: { flavour: 'gitea', url: '', name: '' },
  oci: { flavour: 'oci', url: '', name: '' },
};

const HUB_HOSTS = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
const HERE = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?$/;

/** For a host as it stands in image names; '' gives an empty form. */
export function presetFor(host: string): Preset {
  const said = host
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  if (!said) return PRESETS.oci;
  if (HUB_HOSTS.includes(said)) return HUB;
  if (said === 'ghcr.io') return GHCR;
  const scheme = HERE.test(said) ? 'http' : 'https';
  const flavour = /(^|\.)(gitea|forgejo|codeberg)\b/.test(said) ? 'gitea' : 'oci';
  return { flavour, url: `${scheme}://${said}`, name: nameFor(said) };
}

/** A name that Forge takes: lower-case letters, digits and dashes, a letter first, at most 40. */
export function nameFor(host: string): string {
  const safe = host
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return (/^[a-z]/.test(safe) ? safe : `r-${safe}`).slice(0, 40).replace(/-+$/, '');
}
