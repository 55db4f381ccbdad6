import { row, rows, type Db } from '../lib/db/db.js';

export interface GroupOption {
  id: number;
  name_en: string;
  name_zh: string;
}

/** The groups for a `<select>`. */
export function listGroupOptions(db: Db): Promise<GroupOption[]> {
  return rows<GroupOption>(
    db,
    `select id, name_en, name_zh from people_groups order by name_en, id limit 500`,
  );
}

export interface GroupMember {
  id: number;
  name: string;
  name_en: string | null;
  email: string | null;
}

export interface Group extends GroupOption {
  note: string;
  version: number;
  /** Active people only. */
  members: GroupMember[];
  /** Rules and rooms that name it. */
  rules: number;
  approves: number;
}

const GROUP = `
  select g.id, g.name_en, g.name_zh, g.note, g.version,
         (select coalesce(
            json_agg(
              json_build_object('id', p.id, 'name', p.name, 'name_en', p.name_en, 'email', p.email)
              order by p.sort_name, p.id
            ), '[]'
          )
            from people_group_members m
            join persons p on p.id = m.person_id and p.deactivated_at is null
            where m.group_id = g.id) as members,
         (select count(*) from booking_rules where group_id = g.id) as rules,
         (select count(*) from room_approvers where group_id = g.id) as approves
    from people_groups g`;

export function listGroups(db: Db): Promise<Group[]> {
  return rows<Group>(db, `${GROUP} order by g.name_en, g.id limit 500`);
}

export function findGroup(db: Db, id: number): Promise<Group | undefined> {
  return row<Group>(db, `${GROUP} where g.id = :id`, { id });
}
