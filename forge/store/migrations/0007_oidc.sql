-- Sign-in at a provider of OpenID Connect: how (the client's secret is sealed at oidc/secret), and who is who.

CREATE TABLE oidc (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    configuration TEXT NOT NULL   -- JSON
) STRICT;

-- Whoever changes their name at the provider stays who they are here.
CREATE TABLE account (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person TEXT NOT NULL UNIQUE REFERENCES person (name) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
