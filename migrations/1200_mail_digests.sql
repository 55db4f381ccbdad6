-- Notices that go out together. Beyond a few notices a day, a person gets the rest as one mail, the digest.

-- A digest is a delivery of the kind 'mail.digest'. What it carries names it here, is not sent by itself, and ends with it.
alter table deliveries add column digest_id bigint references deliveries;
create index deliveries_digest on deliveries (digest_id) where digest_id is not null;

-- What a person has not got yet, to see whether it is too many to come one by one.
create index deliveries_person_open on deliveries (person_id) where state in ('waiting', 'sending');
