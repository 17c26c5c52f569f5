-- Who is told of what, elsewhere, and the outbox. The addresses are secrets: notification/NAME/address and …/key.

CREATE TABLE notification (
    name TEXT PRIMARY KEY,
    project TEXT REFERENCES project (name) ON DELETE CASCADE,
    stage TEXT,
    configuration TEXT NOT NULL,  -- JSON of all of it
    since INTEGER NOT NULL,       -- the newest event when it was made: earlier ones are not told
    FOREIGN KEY (project, stage) REFERENCES stage (project, name) ON DELETE CASCADE
) STRICT;

-- However it goes: by hand, or with its project or stage.
CREATE TRIGGER notification_gone AFTER DELETE ON notification BEGIN
    DELETE FROM secret WHERE place IN ('notification/' || OLD.name || '/address', 'notification/' || OLD.name || '/key');
END;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notification TEXT NOT NULL REFERENCES notification (name) ON DELETE CASCADE,
    key TEXT NOT NULL,
    event INTEGER NOT NULL,       -- the newest event that it tells of
    subject TEXT NOT NULL,
    notice TEXT NOT NULL,         -- JSON
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created REAL NOT NULL,
    due REAL NOT NULL,
    ended REAL,
    answer TEXT NOT NULL,
    code INTEGER,
    milliseconds REAL
) STRICT;
CREATE INDEX delivery_of ON delivery (notification, id);
CREATE INDEX delivery_subject ON delivery (notification, subject, id);
CREATE INDEX delivery_due ON delivery (due) WHERE status = 'waiting';
