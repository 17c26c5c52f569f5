-- Several instances of one digest answer for one domain.
ALTER TABLE instance ADD COLUMN replica INTEGER NOT NULL DEFAULT 1;
DROP INDEX instance_serving;
DROP INDEX instance_domain;
CREATE UNIQUE INDEX instance_serving ON instance (project, stage, slot, replica) WHERE serving;
CREATE UNIQUE INDEX instance_domain ON instance (domain, replica) WHERE serving AND domain IS NOT NULL;
CREATE INDEX instance_deploy ON instance (deploy);
