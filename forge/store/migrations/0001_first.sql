-- What Forge remembers. Times are unix seconds (REAL); JSON columns are read whole.

CREATE TABLE project (
    name TEXT PRIMARY KEY,
    image TEXT NOT NULL,          -- registry/path, for finding who watches it
    configuration TEXT NOT NULL,  -- JSON of the other fields
    active INTEGER NOT NULL,
    created REAL NOT NULL
) STRICT;
CREATE INDEX project_image ON project (image);

CREATE TABLE stage (
    project TEXT NOT NULL REFERENCES project (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,    -- order on the board
    configuration TEXT NOT NULL,
    noted REAL,                   -- when the first look at its tags was done; NULL: not yet
    PRIMARY KEY (project, name)
) STRICT;

CREATE TABLE connection (
    kind TEXT NOT NULL CHECK (kind IN ('registry', 'proxy', 'engine')),
    name TEXT NOT NULL,
    configuration TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;

-- Sealed values; the place is also the associated data, so a row moved elsewhere does not open.
CREATE TABLE secret (
    place TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE preference (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL           -- JSON
) STRICT;

CREATE TABLE deploy (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    stage TEXT NOT NULL,
    slot TEXT NOT NULL,
    image TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    strategy TEXT NOT NULL,
    status TEXT NOT NULL,
    actor TEXT NOT NULL,
    source INTEGER,
    instance TEXT,
    replaces TEXT,
    cancel_asked INTEGER NOT NULL DEFAULT 0,
    failed_step TEXT,
    failure TEXT,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    -- The project and stage as they were, for rolling back; secret values sealed apart.
    configuration TEXT NOT NULL,
    last_words TEXT               -- JSON: what was kept of a failed candidate
) STRICT;
-- One deploy under way per stage: the one lock that all deploys pass.
CREATE UNIQUE INDEX deploy_under_way ON deploy (project, stage) WHERE status IN ('running', 'reverting');
CREATE INDEX deploy_of_stage ON deploy (project, stage, id);
CREATE INDEX deploy_queued ON deploy (id) WHERE status = 'queued';

-- The journal: a step's name is written down before its effect.
CREATE TABLE step (
    deploy INTEGER NOT NULL REFERENCES deploy (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    note TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (deploy, position)
) STRICT;

CREATE TABLE instance (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    stage TEXT NOT NULL,
    slot TEXT NOT NULL,
    deploy INTEGER NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    engine TEXT NOT NULL,
    name TEXT NOT NULL,
    container TEXT,
    status TEXT NOT NULL,
    serving INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    target_host TEXT,
    target_port INTEGER,
    domain TEXT,
    exit_code INTEGER,
    out_of_memory INTEGER NOT NULL,
    restarts INTEGER NOT NULL,
    created REAL NOT NULL,
    since REAL NOT NULL
) STRICT;
CREATE INDEX instance_of_stage ON instance (project, stage);
-- A slot of a stage is served by one instance at most.
CREATE UNIQUE INDEX instance_serving ON instance (project, stage, slot) WHERE serving;
-- A domain leads to one instance at most: a collision is told, not fought over.
CREATE UNIQUE INDEX instance_domain ON instance (domain) WHERE serving AND domain IS NOT NULL;

CREATE TABLE quarantine (
    project TEXT NOT NULL,
    stage TEXT NOT NULL,
    digest TEXT NOT NULL,
    deploy INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (project, stage, digest)
) STRICT;

CREATE TABLE sighting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    stage TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    seen REAL NOT NULL,
    due REAL,
    deploy INTEGER
) STRICT;
CREATE INDEX sighting_tag ON sighting (project, stage, tag, id);
CREATE INDEX sighting_due ON sighting (due) WHERE due IS NOT NULL;

CREATE TABLE receipt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    vendor TEXT NOT NULL,
    images TEXT NOT NULL,
    signature TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL,
    headers TEXT NOT NULL,
    replay_of INTEGER
) STRICT;

CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    topic TEXT NOT NULL,
    type TEXT NOT NULL,
    project TEXT,
    stage TEXT,
    actor TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX event_topic ON event (topic, id);
CREATE INDEX event_project ON event (project, id) WHERE topic = 'state';
