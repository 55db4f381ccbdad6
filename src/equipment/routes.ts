import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { createEquipmentKind, updateEquipmentKind, type KindResult } from './commands.js';
import { EditKindForm, NewKindForm } from './forms.js';
import type { EquipmentKind } from './kinds.js';
import { findEquipmentKind, listHolders, listKindsInUse } from './queries.js';
import { equipmentTables } from './table.js';

// The catalogue of equipment, kept by the office.

export const equipmentRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/equipment',
    policy: secretary,
    handle: async (c) =>
      page('equipment/list', {
        title: c.t('equipment.list.title'),
        tables: equipmentTables(c, await listKindsInUse(c.db, c.now)),
      }),
  }),
  route({
    method: 'get',
    path: '/rooms/equipment/new',
    policy: secretary,
    handle: (c) => formPage(c, { values: { is_active: true, sort_order: 100 } }),
  }),
  route({
    method: 'post',
    path: '/rooms/equipment',
    policy: secretary,
    form: NewKindForm,
    async handle(c) {
      const { key, ...input } = c.form;
      const done = await once(c.db, { person: c.viewer.id, key, body: input }, async (trx) => {
        const made = await createEquipmentKind(trx, c.by, input);
        return made.ok ? { location: '/rooms/equipment' } : { refused: made };
      });
      if ('refused' in done && done.refused) return refusedPage(c, done.refused);
      return redirect('/rooms/equipment', { notice: 'equipment.notice.added' });
    },
    onInvalid: (c, problems) => formPage(c, { values: problems.values, problems, status: 422 }),
  }),
  route({
    method: 'get',
    path: '/rooms/equipment/:id/edit',
    policy: secretary,
    async handle(c) {
      const kind = await findEquipmentKind(c.db, idOf(c));
      return formPage(c, { kind, values: { ...kind } });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/equipment/:id',
    policy: secretary,
    form: EditKindForm,
    async handle(c) {
      const { version, ...input } = c.form;
      const done = await updateEquipmentKind(c.db, c.by, { id: idOf(c), version }, input);
      if (done.ok) return redirect('/rooms/equipment', { notice: 'rooms.notice.saved' });
      return refusedPage(c, done, await findEquipmentKind(c.db, idOf(c)));
    },
    async onInvalid(c, problems) {
      return formPage(c, {
        kind: await findEquipmentKind(c.db, idOf(c)),
        values: problems.values,
        problems,
        status: 422,
      });
    },
  }),
];

/**
 * What was typed stays; a newer version saved by somebody else is
 * named, and sent again it goes on top of that.
 */
function refusedPage(
  c: Context<unknown, unknown>,
  refused: Exclude<KindResult, { ok: true }>,
  kind?: EquipmentKind,
): Promise<Answer> {
  if (refused.reason === 'stale') {
    const { name_en, name_zh, stock } = refused.kind;
    const message = c.t('equipment.problem.changed', {
      saved: [
        name_en,
        name_zh,
        ...(stock === null ? [] : [c.t('equipment.list.pieces', { count: stock })]),
      ].join(' · '),
    });
    return formPage(c, {
      kind: refused.kind,
      values: { ...(c.req.body as Record<string, unknown>) },
      problems: problemsOf([{ field: 'name_en', message }], c.req.body),
      status: 409,
    });
  }
  const problems = problemsOf(
    [{ field: refused.field, message: c.t(refused.problem, refused.values ?? {}) }],
    c.req.body,
  );
  return formPage(c, { kind, values: problems.values, problems, status: 422 });
}

async function formPage(
  c: Context<unknown, unknown>,
  {
    kind,
    values,
    problems,
    status = 200,
  }: { kind?: EquipmentKind; values: Record<string, unknown>; problems?: Problems; status?: number },
): Promise<Answer> {
  const holders = kind?.is_movable
    ? await listHolders(c.db, c.viewer.id, kind.id, { from: c.now, to: null })
    : [];
  return page(
    'equipment/form',
    {
      title: kind ? c.t('equipment.form.edit', { name: c.fmt.name(kind) }) : c.t('equipment.form.new'),
      kind,
      values,
      holders: holders.map((holder) => ({
        title: holder.title ?? c.t('calendar.day.booked'),
        href: holder.meeting_id === null ? null : `/meetings/${holder.meeting_id}`,
        day: c.fmt.shortDay(holder.starts_at),
        meta: [
          c.fmt.range(holder.starts_at, holder.ends_at),
          holder.organiser ? c.fmt.name(holder.organiser) : '',
          c.t('equipment.list.pieces', { count: holder.quantity }),
        ],
      })),
      errors: problems?.errors ?? {},
    },
    { status },
  );
}
