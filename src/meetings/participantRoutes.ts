import type { z } from 'zod';
import type { Translate } from '../lib/i18n/translate.js';
import { listUnitOptions } from '../people/queries.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { AddPeopleForm, NoFields, RoleForm } from './forms.js';
import { readPeople } from './namedPeople.js';
import {
  addParticipants,
  changeRole,
  MAX_PARTICIPANTS,
  removeParticipant,
  type NewParticipant,
} from './participantCommands.js';
import { mayInvite, maySeeReplies, mayWriteToAll } from './policy.js';
import { findMeeting, listParticipants, listUnitMembers, type Meeting, type Participant } from './queries.js';
import { ROLES, toneOfReply, type Tone } from './states.js';
import { titleOf } from './title.js';

export const participantRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/:id/people', policy: signedIn, handle: (c) => showPeople(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/people',
    policy: signedIn,
    form: AddPeopleForm,
    handle: add,
    onInvalid: showPeople,
  }),
  route({
    method: 'post',
    path: '/meetings/:id/people/:participant/role',
    policy: signedIn,
    form: RoleForm,
    async handle(c) {
      await changeRole(c.db, c.by, {
        meetingId: idOf(c),
        participantId: idOf(c, 'participant'),
        role: c.form.role,
      });
      return redirect(`/meetings/${idOf(c)}/people`, { notice: 'meetings.people.roleSaved' });
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/people/:participant/removal',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      await removeParticipant(c.db, c.by, idOf(c), idOf(c, 'participant'));
      return redirect(`/meetings/${idOf(c)}/people`, { notice: 'meetings.people.removed' });
    },
  }),
  route({
    method: 'get',
    path: '/meetings/:id/attendance-sheet',
    policy: signedIn,
    handle: (c) => showSheet(c, 'meetings/sheet', 'meetings.sheet.title'),
  }),
  route({
    method: 'get',
    path: '/meetings/:id/name-plates',
    policy: signedIn,
    handle: (c) => showSheet(c, 'meetings/plates', 'meetings.plates.title'),
  }),
];

async function findOpen(c: Context): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!maySeeReplies(meeting)) throw new Forbidden();
  return meeting;
}

async function showPeople(c: Context, problems?: Problems): Promise<Answer> {
  const meeting = await findOpen(c);
  const may = mayInvite(meeting);
  if (problems && !may) throw new Forbidden();
  const [people, units] = await Promise.all([
    listParticipants(c.db, meeting.id),
    may ? listUnitOptions(c.db) : [],
  ]);
  const name = titleOf(c.t, meeting);
  return page(
    'meetings/people',
    {
      title: c.t('meetings.people.titleOf', { title: name }),
      meeting,
      name,
      people: people.map((person) => ({ ...person, ...showParticipant(c, person) })),
      units,
      roles: ROLES,
      mayInvite: may,
      hasPapers: people.length > 0 && meeting.state !== 'cancelled',
      mayWrite: people.length > 0 && mayWriteToAll(meeting),
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

/** What the list says beside a name: whose place it is, unit, and how the answer stands. */
function showParticipant({ t, fmt, lang }: Context, person: Participant) {
  const notes = [];
  if (person.instead_of) notes.push(t('meetings.people.instead', { name: fmt.name(person.instead_of) }));
  if (person.is_walk_in) notes.push(t('meetings.people.walkIn'));
  if (!person.email) notes.push(t('meetings.people.noAddress'));
  const unit = lang === 'en' ? person.unit_en : person.unit_zh;
  const guest = [t('meetings.people.guest'), person.affiliation].filter(Boolean).join(' · ');
  return {
    note: notes.join(' · '),
    unit: person.is_guest ? guest : (unit ?? ''),
    ...answerOf(t, person),
  };
}

/** The reply as a pill, or a word on why there is none. */
function answerOf(
  t: Translate,
  { reply, has_stale_reply, invited_at, is_walk_in, role }: Participant,
): { pill?: { text: string; tone: Tone }; standing?: string } {
  if (reply) return { pill: { text: t(`meetings.reply.${reply}`), tone: toneOfReply(reply) } };
  if (has_stale_reply) return { standing: t('meetings.people.stale') };
  if (is_walk_in) return {};
  if (!invited_at) return { standing: t('meetings.people.notInvited') };
  return role === 'informed' ? {} : { pill: { text: t('meetings.reply.none'), tone: 'warn' } };
}

async function add(c: Context<z.output<typeof AddPeopleForm>>): Promise<Answer> {
  const meeting = await findOpen(c);
  const refuse = (problems: Problem[]) => showPeople(c, problemsOf(problems, c.req.body));
  const read = await readAddForm(c);
  if (read.problems.length > 0) return refuse(read.problems);
  const result = await addParticipants(c.db, c.by, meeting.id, read.people);
  if (!result.ok)
    return refuse([{ field: 'people', message: c.t('meetings.people.full', { count: MAX_PARTICIPANTS }) }]);
  if (result.unreachable.length > 0) {
    const addresses = result.unreachable.join(', ');
    return refuse([{ field: 'people', message: c.t('meetings.people.deactivated', { addresses }) }]);
  }
  return redirect(`/meetings/${meeting.id}/people`, {
    notice: { key: 'meetings.people.added', values: { count: result.added } },
  });
}

interface Problem {
  field: string;
  message: string;
}

/** Everybody who was named: by the picker, line by line, or as a unit. */
async function readAddForm(
  c: Context<z.output<typeof AddPeopleForm>>,
): Promise<{ people: NewParticipant[]; problems: Problem[] }> {
  const { person, people, unit, role } = c.form;
  const [one, several] = await Promise.all([
    readPeople(c.db, c.t, person ?? ''),
    readPeople(c.db, c.t, people),
  ]);
  const problems: Problem[] = one.problems.map((message) => ({ field: 'person', message }));
  if (several.problems.length > 0) problems.push({ field: 'people', message: several.problems.join(' ') });
  const unitPeople = unit ? await listUnitMembers(c.db, unit) : [];
  const personIds = [...new Set([...one.personIds, ...several.personIds, ...unitPeople])];
  const guests = [...one.guests, ...several.guests];
  if (problems.length === 0 && personIds.length + guests.length === 0) {
    problems.push({
      field: unit ? 'unit' : 'person',
      message: c.t(unit ? 'meetings.people.emptyUnit' : 'meetings.people.nobodyGiven'),
    });
  }
  return {
    problems,
    people: [
      ...personIds.map((personId) => ({ personId, role })),
      ...guests.map((guest) => ({ ...guest, role })),
    ],
  };
}

/** Pages made for paper: the attendance sheet 签到表 and the name plates 席卡. */
async function showSheet(
  c: Context,
  view: 'meetings/sheet' | 'meetings/plates',
  heading: 'meetings.sheet.title' | 'meetings.plates.title',
): Promise<Answer> {
  const meeting = await findOpen(c);
  const people = (await listParticipants(c.db, meeting.id)).filter(
    ({ role, reply }) => role !== 'informed' && reply !== 'delegated',
  );
  if (meeting.state === 'cancelled') throw new Conflict('meetings.problem.closed');
  const name = titleOf(c.t, meeting);
  const title = c.t(heading, { title: name });
  return view === 'meetings/sheet'
    ? page('meetings/sheet', { title, meeting, name, people })
    : page('meetings/plates', { title, meeting, name, people });
}
