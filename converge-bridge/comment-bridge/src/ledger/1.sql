CREATE TABLE sources (
    name TEXT PRIMARY KEY,
    baseline TEXT NOT NULL,
    read TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Something is unsaid while `news` is ahead of `told`.
CREATE TABLE pulls (
    id INTEGER PRIMARY KEY,
    repository TEXT NOT NULL,
    number INTEGER NOT NULL,
    updated TEXT,
    comments INTEGER,
    read TEXT,
    said_comment INTEGER,
    said_hash TEXT,
    said_status TEXT,
    news INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository, number)
) STRICT;
CREATE INDEX pulls_unsaid ON pulls (id) WHERE news > told;

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
    trouble TEXT
) STRICT;
CREATE INDEX triggers_open ON triggers (kind, comment) WHERE open;
CREATE INDEX triggers_of_pull ON triggers (pull, comment);

-- Kept beside, so that counting reads no more however many there are.
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

-- Written to see whether writing works.
CREATE TABLE proof (
    id INTEGER PRIMARY KEY,
    written INTEGER NOT NULL
) STRICT;
INSERT INTO proof VALUES (0, 0);
