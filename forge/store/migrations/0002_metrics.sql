-- What instances and the machine used: one row per subject, detail and time; coarser ones are kept for longer.
CREATE TABLE metric (
    subject TEXT NOT NULL,        -- an instance's id; '': the machine
    step INTEGER NOT NULL,        -- seconds that a row stands for: 10, 30, 300, 1800
    at INTEGER NOT NULL,          -- their begin, a multiple of step
    seconds REAL NOT NULL,        -- what was measured of them, or before them too
    cpu REAL,                     -- averages, weighed by seconds; NULL: not known
    memory REAL,                  -- the most
    received REAL,
    sent REAL,
    PRIMARY KEY (subject, step, at)
) STRICT, WITHOUT ROWID;
