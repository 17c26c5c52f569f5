-- Who may: people, their sessions, and the tokens of programs. What opens nothing by itself is hashed, the rest sealed:
-- person/NAME/totp, and person/NAME/totp-new until it is confirmed.

CREATE TABLE person (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    projects TEXT,                -- JSON, those they may see; NULL: all
    password TEXT,                -- argon2id; NULL: they sign in elsewhere
    counter INTEGER,              -- of the last one-time code: none is taken twice; NULL: no codes are asked for
    created REAL NOT NULL,
    signed_in REAL
) STRICT;

CREATE TABLE recovery_code (
    person TEXT NOT NULL REFERENCES person (name) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash BLOB PRIMARY KEY,
    person TEXT REFERENCES person (name) ON DELETE CASCADE,  -- NULL: the machine's owner, by the launch token
    made REAL NOT NULL,
    seen REAL NOT NULL,
    ends REAL NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of ON session (person);

CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    person TEXT REFERENCES person (name) ON DELETE CASCADE,  -- NULL: the machine's owner
    role TEXT NOT NULL,
    project TEXT REFERENCES project (name) ON DELETE CASCADE,
    stage TEXT,
    made REAL NOT NULL,
    expires REAL,
    used REAL,
    ended REAL,
    FOREIGN KEY (project, stage) REFERENCES stage (project, name) ON DELETE CASCADE
) STRICT;
CREATE INDEX token_of ON token (person);

CREATE TRIGGER person_gone AFTER DELETE ON person BEGIN
    DELETE FROM secret WHERE place IN ('person/' || OLD.name || '/totp', 'person/' || OLD.name || '/totp-new');
END;

-- A later project of the same name is another one.
CREATE TRIGGER person_project_gone AFTER DELETE ON project BEGIN
    UPDATE person SET projects = (SELECT json_group_array(value) FROM json_each(person.projects) WHERE value <> OLD.name)
    WHERE projects IS NOT NULL;
END;

-- Sessions were one sealed value until now: whoever was signed in does so once more.
DELETE FROM secret WHERE place = 'api/sessions';
