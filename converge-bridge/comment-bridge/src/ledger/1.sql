CREATE TABLE sources (
    name TEXT PRIMARY KEY,
    baseline TEXT NOT NULL,
    read TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A pull request is dirty while `revision` is ahead of `reported_revision`: its comment must be brought up to date.
CREATE TABLE pulls (
    id INTEGER PRIMARY KEY,
    repository TEXT NOT NULL,
    number INTEGER NOT NULL,
    updated TEXT,
    comments INTEGER,
    read TEXT,
    comment_id INTEGER,
    published_comment TEXT,
    published_statuses TEXT,
    revision INTEGER NOT NULL DEFAULT 0,
    reported_revision INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository, number)
) STRICT;
CREATE INDEX pulls_dirty ON pulls (id) WHERE revision > reported_revision;

CREATE TABLE triggers (
    comment INTEGER PRIMARY KEY,
    pull INTEGER NOT NULL REFERENCES pulls (id),
    author TEXT NOT NULL,
    command TEXT NOT NULL,
    created TEXT NOT NULL,
    kind TEXT NOT NULL,
    open INTEGER NOT NULL,
    state TEXT NOT NULL,
    changed TEXT NOT NULL,
    problem TEXT
) STRICT;
CREATE INDEX triggers_open ON triggers (kind, comment) WHERE open;
CREATE INDEX triggers_of_pull ON triggers (pull, comment);

-- The number of triggers of each kind, so that a count does not read every row.
CREATE TABLE counts (
    kind TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER triggers_added AFTER INSERT ON triggers BEGIN
    INSERT INTO counts VALUES (new.kind, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER triggers_removed AFTER DELETE ON triggers BEGIN
    UPDATE counts SET count = count - 1 WHERE kind = old.kind;
END;
CREATE TRIGGER triggers_changed AFTER UPDATE OF kind ON triggers WHEN old.kind <> new.kind BEGIN
    UPDATE counts SET count = count - 1 WHERE kind = old.kind;
    INSERT INTO counts VALUES (new.kind, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- One row, updated to test that the ledger can be written.
CREATE TABLE write_probe (
    id INTEGER PRIMARY KEY,
    writes INTEGER NOT NULL
) STRICT;
INSERT INTO write_probe VALUES (0, 0);
