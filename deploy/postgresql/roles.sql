-- The roles and the database of Patchbay, for psql and a superuser, once:
--   PATCHBAY_OWNER_PASSWORD=… PATCHBAY_WEB_PASSWORD=… PATCHBAY_WORKER_PASSWORD=… psql --file roles.sql
-- The owner migrates; web and worker connect with their own roles and own nothing. What they may
-- become for a part of their work cannot log in (docs/decisions/0023-row-level-security.md).
\set ON_ERROR_STOP on
\getenv owner PATCHBAY_OWNER_PASSWORD
\getenv web PATCHBAY_WEB_PASSWORD
\getenv worker PATCHBAY_WORKER_PASSWORD
CREATE ROLE patchbay_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner';
CREATE ROLE patchbay_web LOGIN NOINHERIT NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'web';
CREATE ROLE patchbay_worker LOGIN NOINHERIT NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'worker';
CREATE ROLE patchbay_staff NOLOGIN NOINHERIT;
CREATE ROLE patchbay_finder NOLOGIN NOINHERIT;
CREATE ROLE patchbay_dispatcher NOLOGIN NOINHERIT;
GRANT patchbay_staff, patchbay_finder TO patchbay_web;
GRANT patchbay_dispatcher, patchbay_finder TO patchbay_worker;
-- Not by the cluster's own locale, which follows that of the machine.
CREATE DATABASE patchbay OWNER patchbay_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE patchbay FROM PUBLIC;
GRANT CONNECT ON DATABASE patchbay TO patchbay_web, patchbay_worker;
