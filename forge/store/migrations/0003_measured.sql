-- What the switch cost, as Forge's own requests through the proxy found it (JSON); NULL: not measured.
ALTER TABLE deploy ADD COLUMN measured TEXT;
