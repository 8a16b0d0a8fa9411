-- Version 3. Large fields, apart from the snapshots that refer to them by what they are (S1): written once for each execution. Which of them
-- are referred to stands in the snapshots.

CREATE TABLE large (
    field   INTEGER PRIMARY KEY,
    row     INTEGER NOT NULL,
    content BLOB NOT NULL,
    bytes   BLOB NOT NULL,
    UNIQUE (row, content)
);
CREATE TRIGGER large_goes_with_its_execution AFTER DELETE ON execution BEGIN
    DELETE FROM large WHERE row = old.row;
END;
