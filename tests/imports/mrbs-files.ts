// Small dumps and calendars as the programs write them, with what is difficult in them: quotes, line breaks,
// Chinese, text that looks like a statement.

/** 2030-03-05 09:00 in Shanghai, in seconds. */
export const NINE = Date.UTC(2030, 2, 5, 1) / 1000;
const HOUR = 3600;

/** MRBS 1.11 by mysqldump: no column lists, tables in the order of the alphabet, so rooms after entries. */
export const MYSQL_DUMP = `-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`mrbs_area\`;
CREATE TABLE \`mrbs_area\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`disabled\` tinyint(1) NOT NULL DEFAULT '0',
  \`area_name\` varchar(30) DEFAULT NULL COMMENT 'a name, (short); \\'quoted\\'',
  \`timezone\` varchar(50) DEFAULT NULL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`uq_area_name\` (\`area_name\`)
) ENGINE=InnoDB;
LOCK TABLES \`mrbs_area\` WRITE;
INSERT INTO \`mrbs_area\` VALUES (1,0,'主楼','Asia/Shanghai'),(2,0,'Berlin','Europe/Berlin');
UNLOCK TABLES;
CREATE TABLE \`mrbs_entry\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`start_time\` int NOT NULL DEFAULT '0',
  \`end_time\` int NOT NULL DEFAULT '0',
  \`entry_type\` int NOT NULL DEFAULT '0',
  \`repeat_id\` int DEFAULT NULL,
  \`room_id\` int NOT NULL DEFAULT '1',
  \`timestamp\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  \`create_by\` varchar(80) NOT NULL DEFAULT '',
  \`modified_by\` varchar(80) NOT NULL DEFAULT '',
  \`name\` varchar(80) NOT NULL DEFAULT '',
  \`type\` char(1) NOT NULL DEFAULT 'E',
  \`description\` text,
  \`status\` tinyint unsigned NOT NULL DEFAULT '0',
  \`price\` decimal(10,2) DEFAULT NULL,
  PRIMARY KEY (\`id\`),
  KEY \`idxStartTime\` (\`start_time\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`room_id\`) REFERENCES \`mrbs_room\` (\`id\`)
) ENGINE=InnoDB;
INSERT INTO \`mrbs_entry\` VALUES (1,${NINE},${NINE + HOUR},0,NULL,1,'2029-01-01 00:00:00',\
'organiser@office.example','','年度预算会议','I','第一行\\n第二行\\'; DROP TABLE persons; --',0,NULL),
(2,${NINE + HOUR},${NINE + 2 * HOUR},0,NULL,1,'2029-01-01 00:00:00','nobody','',\
'It''s \\"quoted\\" \\\\ here','E','',1,12.50),
(3,${NINE + 50 * HOUR},${NINE + 51 * HOUR},2,7,2,'2029-01-01 00:00:00','nobody','',\
'); INSERT INTO mrbs_entry VALUES (99','E',NULL,4,-1);
INSERT INTO \`mrbs_users\` VALUES (1,'admin','it\\'s; a (secret');
INSERT INTO \`mrbs_repeat\` VALUES (7);
CREATE TABLE \`mrbs_room\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`area_id\` int NOT NULL,
  \`room_name\` varchar(25) NOT NULL,
  \`capacity\` int NOT NULL,
  PRIMARY KEY (\`id\`)
);
INSERT INTO \`mrbs_room\` VALUES (1,1,'Orchid',12),(2,2,'Kleiner Saal',24);
`.replace('INSERT INTO `mrbs_repeat` VALUES (7);\n', '');

/** MRBS 1.4 by pg_dump: COPY with column lists, `private` as a column of its own. */
export const POSTGRES_DUMP = `--
-- PostgreSQL database dump
--
\\restrict abc
SET standard_conforming_strings = on;
CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS \
$_$ begin insert into mrbs_entry values ('x'); end; $_$;
COPY public.mrbs_area (id, area_name) FROM stdin;
1\t主楼
\\.
COPY public.mrbs_entry (id, start_time, end_time, room_id, create_by, name, type, description, \
private) FROM stdin;
11\t${NINE}\t${NINE + HOUR}\t5\tsecretary@office.example\t学习\\t会\tE\tone\\ntwo \\\\ "three" 'four'\t0
12\t${NINE + HOUR}\t${NINE + 2 * HOUR}\t5\t\\N\tPrivate talk\tE\t\\N\t1
\\.
INSERT INTO public.mrbs_room (id, area_id, room_name, capacity) VALUES (5, 1, 'C:\\new''s', 8::integer), \
(6, 1, E'tab\\there', NULL);
SELECT pg_catalog.setval('public.mrbs_entry_id_seq', 12, true);
`;

export const CALENDAR = `BEGIN:VCALENDAR
PRODID:-//MRBS//NONSGML MRBS 1.11//EN
VERSION:2.0
BEGIN:VEVENT
UID:MRBS-1@office.example
DTSTART;TZID=Asia/Shanghai:20300306T090000
DTEND;TZID=Asia/Shanghai:20300306T100000
SUMMARY:Weekly\\, with 逗号
DESCRIPTION:Line one\\nand a line that is so long that it is
  folded
LOCATION:Bamboo - 主楼
CLASS:PRIVATE
STATUS:TENTATIVE
ORGANIZER;CN="Wei Ran":mailto:outsider@office.example
END:VEVENT
BEGIN:VEVENT
UID:MRBS-2@office.example
DTSTART:20300306T030000Z
DURATION:PT30M
SUMMARY:In world time
LOCATION:Bamboo - 主楼
RRULE:FREQ=WEEKLY
END:VEVENT
BEGIN:VEVENT
UID:MRBS-3@office.example
DTSTART:nonsense
SUMMARY:Broken
END:VEVENT
END:VCALENDAR
`.replace(/\n/g, '\r\n');
