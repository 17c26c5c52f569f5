/** The settings. */
const changes = (n: number) => `${n.toLocaleString('en')} ${n === 1 ? 'change' : 'changes'}`;

export const settings = {
  title: 'Settings',
  sectionsLabel: 'Sections of the settings',
  save: 'Save',
  discard: 'Discard',
  saved: (section: string) => `${section}: saved`,
  unsaved: 'Not saved yet',
  adminOnly: 'Only an admin may see or change this.',
  copy: 'Copy',
  copyWhat: (what: string) => `Copy: ${what}`,
  sections: {
    oidc: {
      title: 'Sign-in',
      about:
        'People sign in where your organisation has them already: at a provider of OpenID Connect, whose groups say what they may here.',
    },
    webhook: {
      title: 'Webhook',
      about:
        'Where your registry or CI tells Forge that a tag was pushed. A delivery only says “look now”: the registry decides what the tag means.',
    },
    notifications: {
      title: 'Notifications',
      about:
        'Who is told elsewhere when something happens: in chat, by mail, on a phone, or by a signed webhook.',
    },
    images: {
      title: 'New images',
      about: 'What happens when a delivery names an image that belongs to no project.',
    },
    domains: { title: 'Domains', about: 'Under which name people reach what a stage serves.' },
    machine: {
      title: 'This machine',
      about: 'What deploys may take of the machine that Forge’s engine runs on.',
    },
    record: {
      title: 'Record',
      about:
        'How much of the past is kept. The oldest goes first, and deploys that can be rolled back to stay.',
    },
    file: {
      title: 'Configuration file',
      about:
        'Projects, stages, connections and settings as one YAML file: to keep in git, to compare, to move.',
    },
    backup: {
      title: 'Backup',
      about:
        'All that Forge knows as one file of one moment, while it runs on: history, settings, sealed secrets.',
    },
    window: { title: 'Window', about: 'How Forge’s own window behaves, on whichever desktop it is opened.' },
    browser: { title: 'This browser', about: 'How Forge looks here. Kept in this browser only.' },
    account: {
      title: 'Your account',
      about: 'What you may, how you sign in, and where you are signed in.',
    },
    tokens: {
      title: 'API tokens',
      about: 'What programs sign in with: each for as little as it needs, for as long as it needs it.',
    },
    people: { title: 'People', about: 'Who can sign in, what they see, and what they may.' },
  },
  webhook: {
    address: 'Address',
    addressHelp:
      'The last part is a secret: whoever has it can make Forge look at an image. What Forge does with an unknown one is said under “New images”.',
    show: 'Show',
    hide: 'Hide',
    anew: 'Make anew…',
    anewTitle: 'Make the webhook’s address anew?',
    anewBody: 'The old address dies at once: deliveries to it are answered with “not found”.',
    anewThen: 'Enter the new one wherever the old one is: registries, repositories, CI variables.',
    anewDo: 'Make it anew',
    anewKeep: 'Keep the old one',
    anewDone: 'The address is new. The old one is dead.',
    base: 'Forge as they reach it',
    baseHelp:
      'Scheme and host, for the address and the texts below. Forge listens on this machine only: for senders elsewhere put a proxy or a tunnel before it, and name its host in allowed_hosts.',
    tell: 'Tell Forge of a push',
    senders: { gitea: 'Gitea', github: 'GitHub', gitlab: 'GitLab CI', curl: 'curl' },
    target: 'Target URL',
    steps: {
      gitea: [
        'In the repository or organisation: Settings → Webhooks → Add webhook → Gitea (Forgejo: the same).',
        'Target URL: the address below. Method POST, content type application/json.',
        'Trigger on: Custom events → Packages.',
      ],
      github: [
        'As a step of a workflow, below: works also where GitHub cannot see the package’s events.',
        'Or as a webhook: Settings → Webhooks → Add webhook, payload URL: the address, content type application/json, event: Registry packages.',
      ],
    },
    stepKey: 'Secret: the signing key that you set here.',
    snippet: {
      github: 'A step of a GitHub workflow',
      gitlab: 'A job of GitLab CI',
      curl: 'One request',
    },
    snippetSigned: 'The same, signed with the key in $KEY',
    signing: 'Signatures',
    key: 'Signing key',
    keyHelp:
      'The secret that the sender signs deliveries with (HMAC-SHA256). A delivery with a wrong signature is refused from then on.',
    saveKey: 'Save the key',
    removeKey: 'Remove the key',
    keySet: 'The signing key is set',
    keyGone: 'The signing key is removed',
    required: 'Only signed deliveries',
    requiredHelp: 'Deliveries without a valid signature are refused, and leave a receipt that says so.',
    requiredNoKey: 'No signing key is set: every delivery would be refused.',
  },
  images: {
    label: 'An image that no project names',
    ignore: 'Ignore it',
    ignoreHelp: 'Only its receipt says that it came.',
    create: 'Make a project, and wait for a yes',
    createHelp: 'Forge looks at the image, makes the project from it, and deploys once a person has agreed.',
    deploy: 'Make a project, and deploy it',
    deployHelp: 'Anybody who knows the webhook’s address can then start an image of theirs here.',
  },
  domains: {
    domain: 'Base domain',
    domainHelp: 'What {domain} stands for. A project may have its own.',
    pattern: 'Pattern',
    patternHelp:
      'Of {stage}, {project}, {tag} and {domain}. A stage may have its own. It holds from the next deploy on.',
    example: 'As you typed it, these would be at',
    perTag: (place: string, tag: string) => `${place}, where each tag has a domain (${tag})`,
    unknown: 'There is a placeholder that Forge does not know',
    proxy: 'Default proxy',
    proxyHelp: 'What new projects get. Those that are there keep theirs.',
  },
  machine: {
    paths: 'Host folders that volumes may lie in',
    pathsHelp:
      'One a line. A project may mount these and what is in them, and no other folder of the machine; empty: none.',
    disk: 'Free disk before a pull',
    diskHelp: 'With less than this free where Docker keeps images, a deploy fails before it pulls. 0: never.',
    unit: 'Unit of the free disk',
  },
  record: {
    events: 'Events kept',
    eventsHelp: 'Activity, and the log lines of deploys. At least 1,000.',
    receipts: 'Receipts of deliveries kept',
    receiptsHelp: 'What came to the webhook, and what was decided. At least 1.',
  },
  file: {
    export: 'Export',
    exportHelp: 'Secrets are not in it: each stands as the name of an environment variable.',
    download: 'Download forge.yaml',
    import: 'Import',
    importHelp: 'All of it or nothing. It adds and changes what the file names, and deletes nothing.',
    choose: 'Choose a file',
    orPaste: 'or paste it:',
    text: 'The YAML to import',
    secrets: 'Secrets that it names',
    secretsHelp: 'Left empty, Forge keeps the one that it has.',
    look: 'Show what would change',
    differences: 'What would change',
    added: 'new',
    changed: 'changed',
    removed: 'gone',
    apply: (n: number) => `Apply ${changes(n)}`,
    applyTitle: 'Import this configuration?',
    applyBody: (n: number) => `Forge makes ${changes(n)}. What runs goes on running.`,
    applyKeeps: 'The values that are there now are overwritten: export them first if you may want them back.',
    applied: (n: number) => `${changes(n)} made`,
  },
  window: {
    tray: 'Close to the tray',
    trayHelp:
      'Closing the window hides it, and Forge goes on; its icon in the tray brings it back. Where the desktop has no tray, closing ends Forge as ever.',
  },
  browser: { theme: 'Theme', language: 'Language' },
};
