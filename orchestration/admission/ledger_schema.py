"""Tables of the operations ledger (`restricted/ops.sqlite`). Who reads and writes them: `ledger.py`.

All instants are UTC text `YYYY-MM-DD HH:MM:SS.ffffff`, all dates `YYYY-MM-DD`; ids of records and
voices are 16-byte blobs (32 hex digits outside), because there are many of them.
"""

SCHEMA_VERSION = 1

DDL = """
create table if not exists meta(name text primary key, value text not null) without rowid;

create table if not exists delivery(
    delivery_id text primary key,
    channel text not null,
    file_name text not null,
    received_at text not null,
    ingest_date text not null,
    file_bytes integer not null,
    bytes integer not null,
    sha256 text not null,
    landing_path text not null,
    source_json text not null,
    status text not null default 'landed'
        check (status in ('landed', 'admitted', 'withheld', 'quarantined_whole', 'duplicate_delivery')),
    status_reason text not null default '',
    contract_version integer,
    records_in integer not null default 0,
    admitted integer not null default 0,
    duplicate integer not null default 0,
    superseded integer not null default 0,
    quarantined integer not null default 0,
    bytes_structure integer not null default 0,
    bytes_records integer not null default 0,
    last_event_date text,
    drift_json text not null default '{}',
    landing_deleted text
) without rowid;
create index if not exists delivery_by_channel on delivery(channel, received_at);
create index if not exists delivery_by_status on delivery(status);
create index if not exists delivery_by_payload on delivery(channel, sha256);

create table if not exists collected(
    path text not null, bytes integer not null, mtime_ns integer not null, delivery_id text not null,
    primary key (path, bytes, mtime_ns)
) without rowid;

create table if not exists file(
    file_id integer primary key,
    zone text not null
        check (zone in ('raw', 'original', 'identity', 'disposition', 'score_text', 'score_mention')),
    channel text not null,
    entity text not null default '',
    ingest_date text not null,
    path text not null unique,
    sha256 text not null,
    rows integer not null,
    bytes integer not null,
    delivery_id text not null,
    parent_file_id integer,
    scorer_version text,
    status text not null default 'listed' check (status in ('listed', 'retired'))
);
create index if not exists file_by_delivery on file(delivery_id, zone);
create index if not exists file_by_parent on file(parent_file_id) where parent_file_id is not null;

create table if not exists entity(
    entity_id integer primary key, channel text not null, entity text not null, unique (channel, entity)
);

create table if not exists record_key(
    entity_id integer not null,
    record_id blob not null,
    voice_id blob,
    version text not null,
    content_hash blob not null,
    event_date text not null,
    is_deleted integer not null,
    first_sighting text not null,
    content_sighting text not null,
    delivery_id text not null,
    primary key (entity_id, record_id)
) without rowid;
create index if not exists record_by_voice on record_key(voice_id, event_date) where voice_id is not null;

create table if not exists past_content(
    entity_id integer not null, record_id blob not null, content_hash blob not null, sighting text not null,
    primary key (entity_id, record_id, content_hash)
) without rowid;

create table if not exists touched_day(
    delivery_id text not null, channel text not null, entity text not null, event_date text not null,
    primary key (delivery_id, entity, event_date)
) without rowid;

create table if not exists csv_header(header_id text primary key, bytes blob not null) without rowid;

create table if not exists quarantine(
    quarantine_id text primary key,
    delivery_id text not null,
    channel text not null,
    entity text not null default '',
    record_ordinal integer not null,
    line_no integer not null,
    byte_start integer not null,
    byte_end integer not null,
    field text not null default '',
    reason_code text not null,
    reason_detail text not null default '',
    payload blob,
    payload_path text,
    payload_bytes integer not null,
    header_id text,
    contract_version integer not null,
    detected_at text not null,
    status text not null default 'open' check (status in ('open', 'released', 'discarded')),
    resolved_by text,
    resolved_why text,
    resolved_at text,
    release_delivery_id text
) without rowid;
create index if not exists quarantine_by_delivery on quarantine(delivery_id);
create index if not exists quarantine_by_status on quarantine(status, channel, reason_code);

create table if not exists subject_file(
    subject_key text not null, file_id integer not null, primary key (subject_key, file_id)
) without rowid;

create table if not exists run(
    run_id text primary key, kind text not null, as_of text, started_at text not null, finished_at text,
    status text not null, detail_json text not null default '{}'
) without rowid;

create table if not exists published_version(
    version_id text not null, audience text not null, as_of text not null, published_at text not null,
    manifest_sha256 text not null default '', status text not null default 'current',
    primary key (audience, version_id)
) without rowid;

create table if not exists audit(
    seq integer primary key, at text not null, actor text not null, action text not null,
    subject text not null, detail_json text not null, previous_hash text not null, hash text not null
);
create trigger if not exists audit_no_update before update on audit
    begin select raise(abort, 'the audit is append-only'); end;
create trigger if not exists audit_no_delete before delete on audit
    begin select raise(abort, 'the audit is append-only'); end;
"""
