-- The tables of the local store, version 1. `docs/local-store.md` describes them for people.
--
-- Rows name users and teams by number, so that renaming is one row and memberships are small. The constraints say again
-- what the program checks, so that a store edited by hand stays an organization.

CREATE TABLE organization (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id INTEGER NOT NULL CHECK (id BETWEEN 1 AND 9007199254740991),
  name TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 9007199254740991),
  name TEXT NOT NULL,
  everyone TEXT CHECK (everyone <> '')
) STRICT;

CREATE TABLE project_roles (
  project INTEGER NOT NULL REFERENCES projects (id),
  name TEXT NOT NULL CHECK (name <> '' AND name = trim(name) AND name NOT IN ('owner', 'admin', 'analyst', 'consumer')),
  PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a number is never given again, so that a row left over by a careless edit cannot pass to a new user.
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE CHECK (email LIKE '_%@_%' AND email = lower(trim(email))),
  -- `owner`, `admin`, `billing_admin`, `member`, or what the service calls another one.
  role TEXT NOT NULL CHECK (trim(role) <> ''),
  status TEXT NOT NULL CHECK (status IN ('active', 'invited')),
  invited_at TEXT CHECK (invited_at IS NULL OR status = 'invited'),
  last_active TEXT
) STRICT;

CREATE TABLE teams (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 9007199254740991),
  name TEXT NOT NULL UNIQUE CHECK (name <> '' AND name = trim(name))
) STRICT;

CREATE TABLE team_members (
  team INTEGER NOT NULL REFERENCES teams (id),
  user INTEGER NOT NULL REFERENCES users (id),
  PRIMARY KEY (team, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE team_roles (
  team INTEGER NOT NULL REFERENCES teams (id),
  project INTEGER NOT NULL REFERENCES projects (id),
  role TEXT NOT NULL CHECK (role <> ''),
  PRIMARY KEY (team, project)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
  user INTEGER NOT NULL REFERENCES users (id),
  project INTEGER NOT NULL REFERENCES projects (id),
  role TEXT NOT NULL CHECK (role <> ''),
  PRIMARY KEY (user, project)
) STRICT, WITHOUT ROWID;

-- Triggers and not ON DELETE CASCADE: most tools leave foreign keys off unless told, and triggers always run.
CREATE TRIGGER users_leave BEFORE DELETE ON users BEGIN
  DELETE FROM team_members WHERE user = OLD.id;
  DELETE FROM grants WHERE user = OLD.id;
END;

CREATE TRIGGER teams_leave BEFORE DELETE ON teams BEGIN
  DELETE FROM team_members WHERE team = OLD.id;
  DELETE FROM team_roles WHERE team = OLD.id;
END;
