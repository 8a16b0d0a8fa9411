-- Version 2. Snapshots that executions have stood at, on request (X3): copies, so that a rewind finds all as it was. Only the newest of each
-- execution, and only as long as it has its row.

CREATE TABLE kept (
    row      INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    queue    INTEGER NOT NULL,
    schema   INTEGER NOT NULL,
    visit    INTEGER NOT NULL,
    due      INTEGER,
    event    TEXT,
    at       INTEGER NOT NULL,
    snapshot BLOB NOT NULL,
    PRIMARY KEY (row, epoch)
);
CREATE TRIGGER kept_goes_with_its_execution AFTER DELETE ON execution BEGIN
    DELETE FROM kept WHERE row = old.row;
END;
