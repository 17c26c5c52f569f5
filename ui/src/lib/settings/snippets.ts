/** Ready texts for telling Forge of a push, for those who push. */

export type Sender = 'gitea' | 'github' | 'gitlab' | 'curl';
export const SENDERS: Sender[] = ['gitea', 'github', 'gitlab', 'curl'];

/** Lines to copy. `address` is the webhook's, `image` an example; GitHub's is a step of a workflow. */
export function snippetOf(sender: Exclude<Sender, 'gitea'>, address: string, image: string): string {
  if (sender === 'curl') return curl(`'${address}'`, `'{"image": "${image}:dev-1"}'`, '');
  if (sender === 'gitlab')
    return [
      '# .gitlab-ci.yml; FORGE_WEBHOOK is a masked variable that holds the address',
      'tell-forge:',
      '  stage: .post',
      '  image: docker.io/curlimages/curl',
      '  rules:',
      '    - if: $CI_COMMIT_TAG',
      '  script:',
      '    - |',
      curl('"$FORGE_WEBHOOK"', `"{\\"image\\": \\"$CI_REGISTRY_IMAGE:$CI_COMMIT_TAG\\"}"`, '      '),
    ].join('\n');
  return [
    '# a step after the push; FORGE_WEBHOOK is a secret of the repository that holds the address',
    '- name: Tell Forge',
    '  env:',
    '    FORGE_WEBHOOK: ${{ secrets.FORGE_WEBHOOK }}',
    `    IMAGE: ${image}:\${{ github.ref_name }}`,
    '  run: |',
    curl('"$FORGE_WEBHOOK"', `"{\\"image\\": \\"$IMAGE\\"}"`, '    '),
  ].join('\n');
}

function curl(address: string, body: string, indent: string): string {
  return [
    `${indent}curl --fail --silent --show-error -X POST ${address} \\`,
    `${indent}  -H 'Content-Type: application/json' \\`,
    `${indent}  -d ${body}`,
  ].join('\n');
}

/** The same with curl, signed with the key in $KEY. */
export function signed(address: string, image: string): string {
  return [
    `BODY='{"image": "${image}:dev-1"}'`,
    `SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$KEY" -r | cut -d' ' -f1)`,
    `curl --fail --silent --show-error -X POST '${address}' \\`,
    `  -H 'Content-Type: application/json' -H "X-Hub-Signature-256: sha256=$SIGNATURE" -d "$BODY"`,
  ].join('\n');
}
