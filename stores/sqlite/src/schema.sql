-- Version 1. `row` numbers of executions are never reused, so a stale commit can never meet another execution's row: whatever
-- deletes executions must keep the newest. (AUTOINCREMENT would write a row of its own with every start.)

CREATE TABLE queue (
    queue       INTEGER PRIMARY KEY,
    workflow    TEXT NOT NULL,
    version     INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    UNIQUE (workflow, fingerprint)
);

CREATE TABLE point (
    schema      INTEGER PRIMARY KEY,
    workflow    TEXT NOT NULL,
    name        TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    content     BLOB NOT NULL,
    UNIQUE (workflow, name, fingerprint)
);

-- Which await points a queue's fingerprint stands for: what a second registration is compared with.
CREATE TABLE queue_point (
    queue  INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    PRIMARY KEY (queue, schema)
) WITHOUT ROWID;

CREATE TABLE worker (
    worker INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT NOT NULL,
    joined INTEGER NOT NULL,
    beat   INTEGER NOT NULL DEFAULT 0,
    build  TEXT NOT NULL DEFAULT ''
);

-- Who an execution is, and who may take it when. A commit of a running execution leaves this row alone. `class` is how many
-- crashes a waiting row carries, as claims tell them apart: 0 ordinary, 1 fragile (two), 2 alone (three and more); 3 is none, and
-- only for other builds than `set_aside_by`: the build that set it aside, until a worker of another claims it.
CREATE TABLE execution (
    row        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    instance   BLOB NOT NULL,
    run        INTEGER NOT NULL DEFAULT 0,
    queue      INTEGER NOT NULL,
    priority   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    owner      INTEGER,
    wake       INTEGER,
    class      INTEGER NOT NULL DEFAULT 0,
    mail       INTEGER NOT NULL DEFAULT 0,
    waiting    INTEGER NOT NULL DEFAULT 0,
    next_frame INTEGER NOT NULL DEFAULT 1,
    error      TEXT,
    output     BLOB,
    set_aside_by TEXT
);
CREATE INDEX execution_claimable ON execution (queue, class, priority DESC, wake) WHERE wake IS NOT NULL;
CREATE INDEX execution_set_aside ON execution (queue, set_aside_by) WHERE set_aside_by IS NOT NULL;
CREATE INDEX execution_owned ON execution (owner) WHERE owner IS NOT NULL AND wake IS NULL;

-- Where an execution stands: what every commit compares and rewrites, and as little else as can be, for SQLite decodes and
-- encodes all columns of a row to change one. Every execution has its row here. The root frame is inline. A large start
-- snapshot is only in `input`, and `snapshot` is NULL until the first commit that brings one, and again after success. `since` is the epoch at
-- which the frame began to wait for its event. No index: it would be written with every commit.
CREATE TABLE position (
    row      INTEGER PRIMARY KEY,
    epoch    INTEGER NOT NULL DEFAULT 0,
    fence    INTEGER NOT NULL,
    control  INTEGER NOT NULL DEFAULT 0,
    finished INTEGER,
    since    INTEGER NOT NULL DEFAULT 0,
    crashes  INTEGER NOT NULL DEFAULT 0,
    failed   INTEGER NOT NULL DEFAULT 0,
    visit    INTEGER NOT NULL DEFAULT 0,
    schema   INTEGER NOT NULL,
    due      INTEGER,
    event    TEXT,
    snapshot BLOB
);

-- Start snapshots, apart, so that a large input is not rewritten with every commit.
CREATE TABLE input (
    row      INTEGER PRIMARY KEY,
    schema   INTEGER NOT NULL,
    snapshot BLOB NOT NULL
);

CREATE TABLE frame (
    row      INTEGER NOT NULL,
    frame    INTEGER NOT NULL CHECK (frame > 0),
    parent   INTEGER,
    visit    INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    schema   INTEGER NOT NULL,
    due      INTEGER,
    event    TEXT,
    since    INTEGER NOT NULL,
    snapshot BLOB NOT NULL,
    PRIMARY KEY (row, frame)
);

-- A consumed event keeps its id, without name and payload, so that a late repeat of the send is recognised.
CREATE TABLE event (
    row      INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    id       TEXT NOT NULL,
    name     TEXT NOT NULL,
    payload  BLOB NOT NULL,
    consumed INTEGER,
    PRIMARY KEY (row, seq),
    UNIQUE (row, id)
);
CREATE INDEX event_waiting ON event (row, name, seq) WHERE consumed IS NULL;
CREATE INDEX event_consumed ON event (consumed) WHERE consumed IS NOT NULL;

-- Started and Finished are columns of the execution, so that the shortest life writes no history row.
CREATE TABLE history (
    entry  INTEGER PRIMARY KEY,
    row    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    epoch  INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    schema INTEGER,
    detail TEXT
);
CREATE INDEX history_row ON history (row);
