-- A ledger as version 1 wrote it.
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
PRAGMA user_version = 1;

INSERT INTO sources VALUES ('org:recipes', '2027-01-15T08:00:00Z', '2027-01-15T08:00:09Z');
INSERT INTO pulls VALUES (1, 'recipes/gitea', 1, '2027-01-15T08:00:08Z', 3, '2027-01-15T08:00:09Z', 77, 'abc', NULL, 5, 4);
INSERT INTO pulls VALUES (2, 'recipes/gitea', 2, NULL, NULL, NULL, NULL, NULL, NULL, 2, 2);
INSERT INTO triggers VALUES (3, 1, 'ada', '{"test":{"quick":false}}', '2027-01-15T08:00:03Z', 'ended', 1, '{"kind":"ended","order":{"head":"0000000000000000000000000000000000000003","quick":false},"build":{"number":103,"progress":{"queued":{"builds_ahead":2}},"started":null,"finished":null},"outcome":"passed"}', '2027-01-15T08:00:04Z', NULL);
INSERT INTO triggers VALUES (4, 1, 'ada', '{"test":{"quick":false}}', '2027-01-15T08:00:04Z', 'building', 1, '{"kind":"building","order":{"head":"0000000000000000000000000000000000000004","quick":false},"build":{"number":104,"progress":{"queued":{"builds_ahead":2}},"started":null,"finished":null}}', '2027-01-15T08:00:05Z', 'Drone does not answer');
INSERT INTO triggers VALUES (5, 2, 'ada', '{"test":{"quick":false}}', '2027-01-15T08:00:05Z', 'failed', 0, '{"kind":"failed","order":null,"reason":"it''s \"full\""}', '2027-01-15T08:00:06Z', NULL);
