import { listGroupOptions } from '../people/groupQueries.js';
import { personText, resolvePersons } from '../people/queries.js';
import { NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { readPicks } from '../lib/http/merge.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { removeRules, saveRules, type LayerOf } from './commands.js';
import { GroupQuery, INTERVALS, RemoveRulesForm, RulesForm } from './forms.js';
import { editOfLayer, rulesMergePage, storedOf, typedAgain, valuesOf } from './merge.js';
import { listGroupLayers, listLayersFor } from './queries.js';
import {
  CHOICES,
  DEFAULTS,
  isChoice,
  rulesFrom,
  type BookingRules,
  type ChoiceRule,
  type NumberRule,
} from './layers.js';
import { findRoomWithWeek, type RoomWithWeek } from '../hours/roomQueries.js';

// The same page for four things: the office, a group, a room, a group in a room. The address says which.
const OFFICE = '/rooms/policy';
const ROOM = '/rooms/:id/policy';

export const rulesRoutes: Route[] = [OFFICE, ROOM].flatMap((path) => [
  route({
    method: 'get',
    path,
    policy: secretary,
    query: GroupQuery,
    handle: async (c) =>
      c.query.group === null
        ? rulesPage(c, layerOf(c))
        : redirect(addressOf({ ...layerOf(c), groupId: c.query.group })),
  }),
  route({
    method: 'post',
    path,
    policy: secretary,
    form: RulesForm,
    handle: (c) => save(c, c.form),
    onInvalid: (c, problems) => rulesPage(c, layerOf(c), { problems }),
  }),
  route({
    method: 'post',
    path: `${path}/removal`,
    policy: secretary,
    form: RemoveRulesForm,
    handle: (c) => remove(c, c.form.version),
  }),
  route({
    method: 'get',
    path: `${path}/groups/:group`,
    policy: secretary,
    handle: (c) => rulesPage(c, layerOf(c)),
  }),
  route({
    method: 'post',
    path: `${path}/groups/:group`,
    policy: secretary,
    form: RulesForm,
    handle: (c) => save(c, c.form),
    onInvalid: (c, problems) => rulesPage(c, layerOf(c), { problems }),
  }),
  route({
    method: 'post',
    path: `${path}/groups/:group/removal`,
    policy: secretary,
    form: RemoveRulesForm,
    handle: (c) => remove(c, c.form.version),
  }),
]);

function layerOf(c: Context<unknown, unknown>): LayerOf {
  return {
    roomId: 'id' in c.params ? idOf(c) : null,
    groupId: 'group' in c.params ? idOf(c, 'group') : null,
  };
}

function addressOf({ roomId, groupId }: LayerOf): string {
  return (
    (roomId === null ? OFFICE : `/rooms/${roomId}/policy`) + (groupId === null ? '' : `/groups/${groupId}`)
  );
}

async function save(c: Context, form: RulesForm): Promise<Answer> {
  const of = layerOf(c);
  const { given, rest } = readPicks(form);
  const { version, was, approvers: typed, approver_groups: groupIds, ...values } = rest;
  const found = await resolvePersons(c.db, [
    ...new Set(
      typed
        .split('\n')
        .map((one) => one.trim())
        .filter(Boolean),
    ),
  ]);
  const unknown = found.find((one) => !one.ok);
  if (unknown && !unknown.ok) {
    return rulesPage(c, of, {
      problems: problemsOf(
        [
          {
            field: 'approvers',
            message: c.t('rules.problem.approver', { name: unknown.text.slice(0, 100) }),
          },
        ],
        c.req.body,
      ),
    });
  }
  const named = new Map(
    found.flatMap((one) =>
      one.ok ? [[one.person.id, personText(one.person, c.fmt.name(one.person))] as const] : [],
    ),
  );
  const mine = { values, approvers: { personIds: [...named.keys()], groupIds } };
  const done = await saveRules(c.db, c.by, of, { version, mine, was, given });
  if (done.ok)
    return redirect(addressOf({ roomId: of.roomId, groupId: null }), {
      notice: done.isMerged && !given.length ? 'merge.saved' : 'rules.notice.saved',
    });
  const room = of.roomId === null ? undefined : await findRoomWithWeek(c.db, of.roomId);
  if (done.reason === 'minMax')
    return rulesPage(c, of, {
      problems: problemsOf(
        [{ field: 'min_minutes', message: c.t('rules.problem.minMax') }],
        await typedAgain(c, done, named),
      ),
    });
  return rulesMergePage(c, done, { here: addressOf(of), heading: headingOf(c, room), names: named });
}

function headingOf({ t, fmt }: Context<unknown, unknown>, room: RoomWithWeek | undefined): string {
  return room ? t('rules.page.room', { room: fmt.name(room) }) : t('rules.page.office');
}

async function remove(c: Context, version: number): Promise<Answer> {
  const of = layerOf(c);
  const done = await removeRules(c.db, c.by, of, version);
  if (!done.ok) return rulesPage(c, of, { isStale: true });
  return redirect(addressOf({ roomId: of.roomId, groupId: null }), { notice: 'rules.notice.removed' });
}

const SECTIONS: {
  heading: 'when' | 'howLong' | 'howMuch' | 'standing' | 'approval' | 'checkIn';
  names: (NumberRule | ChoiceRule)[];
}[] = [
  { heading: 'when', names: ['window_days', 'notice_create', 'notice_change', 'notice_cancel'] },
  { heading: 'howLong', names: ['min_minutes', 'max_minutes', 'start_interval'] },
  {
    heading: 'howMuch',
    names: [
      'quota_person_hours',
      'quota_person_coming',
      'quota_unit_hours',
      'quota_unit_coming',
      'capacity_rule',
    ],
  },
  { heading: 'standing', names: ['recurring', 'recurring_days'] },
  { heading: 'approval', names: ['in_policy', 'out_of_policy', 'requests_hold', 'answer_hours'] },
  {
    heading: 'checkIn',
    names: [
      'check_in',
      'check_in_opens',
      'check_in_releases',
      'check_in_exempt_over',
      'check_in_exempt_notice',
    ],
  },
];

async function rulesPage(
  c: Context<unknown, unknown>,
  of: LayerOf,
  { problems, isStale = false }: { problems?: Problems; isStale?: boolean } = {},
): Promise<Answer> {
  const { t, fmt } = c;
  const room = of.roomId === null ? undefined : await findRoomWithWeek(c.db, of.roomId);
  const groups = await listGroupOptions(c.db);
  const group = of.groupId === null ? undefined : groups.find(({ id }) => id === of.groupId);
  if (of.groupId !== null && !group) throw new NotFound();
  const [stored, below, groupLayers] = await Promise.all([
    storedOf(c, of),
    // What holds where this page says nothing: the layers before it.
    listLayersFor(c.db, of.roomId, null),
    of.groupId === null ? listGroupLayers(c.db, of.roomId) : [],
  ]);
  const heading = headingOf(c, room);
  const otherwise = rulesFrom(
    below.filter((one) => of.groupId !== null || (of.roomId !== null && one.room_id === null)),
  );
  const fresh = isStale ? 409 : 200;
  return page(
    'rules/form',
    {
      title: group ? `${heading} · ${t('rules.page.ofGroup', { group: fmt.name(group) })}` : heading,
      room,
      group,
      isStale,
      ...pathOf(c, of, room),
      exists: stored.version > 0,
      // Sent back, the form keeps what it began with: what others saved since is still to be merged.
      values: problems?.values ?? {
        ...valuesOf(stored.content, stored.names),
        ...editOfLayer(stored.version, stored.content),
      },
      version: stored.version,
      sections: SECTIONS.map(({ heading: name, names }) => ({
        heading: t(`rules.page.${name}`),
        fields: names.map((one) => fieldOf(c, one, otherwise, of)),
      })),
      groupLayers: groupLayers.map((one) => ({
        href: addressOf({ roomId: of.roomId, groupId: one.group_id }),
        name: fmt.name({ name_en: one.name_en, name_zh: one.name_zh }),
      })),
      groups: groups.map((one) => ({ value: one.id, label: fmt.name(one) })),
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : fresh },
  );
}

/** Where the page hangs: its own address, what is above it, and where [Cancel] goes. */
function pathOf({ t, fmt }: Context<unknown, unknown>, of: LayerOf, room: RoomWithWeek | undefined) {
  const base = addressOf({ roomId: of.roomId, groupId: null });
  const above = room ? `/rooms/${room.id}` : '/rooms';
  const isGroup = of.groupId !== null;
  return {
    here: addressOf(of),
    back: isGroup ? base : above,
    crumbs: [
      { href: '/rooms', text: t('rooms.list.title') },
      ...(room ? [{ href: above, text: fmt.name(room) }] : []),
      ...(isGroup ? [{ href: base, text: t('rules.page.link') }] : []),
    ],
    intro: t(introOf(room, isGroup)),
    isOfRoom: Boolean(room) && !isGroup,
  };
}

function introOf(room: RoomWithWeek | undefined, isGroup: boolean) {
  if (isGroup) return 'rules.page.introGroup';
  return room ? 'rules.page.intro' : 'rules.page.introOffice';
}

/** A rule as a field of views/lib/field.ejs, with what holds when it is left empty. */
function fieldOf(
  c: Context<unknown, unknown>,
  name: NumberRule | ChoiceRule,
  otherwise: BookingRules,
  of: LayerOf,
) {
  const { t } = c;
  const isFirst = of.roomId === null && of.groupId === null;
  const value = isFirst ? { ...DEFAULTS, ofRoom: [] }[name] : otherwise[name];
  const label = t(`rules.field.${name}`);
  if (isChoice(name)) {
    const say = (one: string) => t(`rules.value.${name}.${one}` as Parameters<typeof t>[0]);
    return {
      name,
      type: 'select',
      label,
      empty: t('rules.page.otherwise', { value: say(String(value)) }),
      options: CHOICES[name].map((one) => ({ value: one, label: say(one) })),
    };
  }
  const shown =
    value === 0 && !['check_in_opens', 'check_in_exempt_notice'].includes(name)
      ? t('rules.value.none')
      : String(value);
  const hint = t('rules.page.otherwise', { value: shown });
  if (name === 'start_interval')
    return {
      name,
      type: 'select',
      label,
      empty: hint,
      options: INTERVALS.map((one) => ({
        value: one,
        label: one === 0 ? t('rules.value.none') : String(one),
      })),
    };
  return { name, type: 'number', label, hint, width: 'short', attrs: { min: 0 } };
}
