-- Version 2. The build that set an execution aside, until a worker of another claims it; what the store itself set aside has none.
-- A row that such a worker may try is `ready` in class 3.

ALTER TABLE worker ADD COLUMN build TEXT NOT NULL DEFAULT '';
ALTER TABLE execution ADD COLUMN set_aside_by TEXT;
CREATE INDEX execution_set_aside ON execution (queue, set_aside_by) WHERE set_aside_by IS NOT NULL;
