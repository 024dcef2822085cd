-- A home of the local Lambda as lambdapool made it before it had settings, with what it stored of a function.
CREATE TABLE functions (
  name TEXT PRIMARY KEY, id TEXT NOT NULL, next_version INTEGER NOT NULL DEFAULT 1, reserved INTEGER
) WITHOUT ROWID;
CREATE TABLE versions (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  version TEXT NOT NULL, number INTEGER NOT NULL,
  config TEXT NOT NULL, live TEXT, phase TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
  revision TEXT NOT NULL, changed_ms INTEGER NOT NULL,
  PRIMARY KEY (function, number)
) WITHOUT ROWID;
CREATE TABLE aliases (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  name TEXT NOT NULL, version TEXT NOT NULL, description TEXT NOT NULL,
  second_version TEXT NOT NULL DEFAULT '', second_weight REAL NOT NULL DEFAULT 0,
  revision TEXT NOT NULL,
  PRIMARY KEY (function, name)
) WITHOUT ROWID;
CREATE TABLE tags (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (function, key)
) WITHOUT ROWID;
CREATE TABLE layers (name TEXT PRIMARY KEY, next_version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE layer_versions (
  layer TEXT NOT NULL REFERENCES layers(name), version INTEGER NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (layer, version)
) WITHOUT ROWID;
PRAGMA user_version = 1;
INSERT INTO functions VALUES ('f', '5c9d3a0e-8f4b-4d55-9a43-3f8f7a0f2f10', 2, NULL);
INSERT INTO versions VALUES ('f', '$LATEST', 0, 'CONFIG', 'CONFIG', 'active', '', '0b0d0ad7-3f0c-4b9e-8a39-8b6b1a3b3a01', 1760000000000);
INSERT INTO versions VALUES ('f', '1', 1, 'CONFIG', 'CONFIG', 'active', '', 'd8e1b8de-6c0b-4a4e-9d57-0c1b9f2ad902', 1760000000000);
INSERT INTO aliases VALUES ('f', 'live', '1', 'what is called', '', 0, '7b51a6d4-5e6f-49f4-93c5-6b8f5ed7a703');
INSERT INTO tags VALUES ('f', 'team', 'blue');
INSERT INTO layers VALUES ('l', 2);
INSERT INTO layer_versions VALUES ('l', 1, '{"architectures":[],"code":CODE,"created":"2025-10-09T08:53:20.000+0000","description":"","license":"","runtimes":[]}');
