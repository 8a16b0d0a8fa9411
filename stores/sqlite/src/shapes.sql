-- Version 4. What the types of events and outputs look like (E5), by fingerprint: so that another version of the program reads values, and
-- any tool shows them. Never collected.

CREATE TABLE shape (
    fingerprint BLOB PRIMARY KEY,
    content     BLOB NOT NULL
) WITHOUT ROWID;
