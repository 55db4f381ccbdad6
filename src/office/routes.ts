import { z } from 'zod';
import { findLastVerification } from '../lib/audit/seal.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { administrator, secretary } from '../lib/http/policy.js';
import { page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { readPicked, textOfPerson } from '../people/picked.js';
import { OfficeForm } from './forms.js';
import { sendTestMail, updateOffice } from './commands.js';
import { countOffice, findOffice, type OfficeRow } from './queries.js';

async function officePage(
  c: Context,
  values: Record<string, unknown>,
  more: { problems?: Problems; stale?: OfficeRow } = {},
): Promise<Answer> {
  return page(
    'office/office',
    {
      title: c.t('admin.office.title'),
      values,
      errors: more.problems?.errors ?? {},
      stale: more.stale && {
        ...more.stale,
        office_head: await textOfPerson(c, more.stale.office_head_id),
      },
    },
    { status: statusOf(more) },
  );
}

function statusOf({ stale, problems }: { stale?: unknown; problems?: unknown }): number {
  if (stale) return 409;
  return problems ? 422 : 200;
}

/** What of the mail settings may be shown: never the password in SMTP_URL. */
function mailFacts(c: Context): { label: string; text: string }[] {
  const { smtpUrl, mailFrom, mailDomain, mailReplyPattern, mailBouncePattern, publicUrl } = c.config;
  const smtp = smtpUrl ? new URL(smtpUrl) : undefined;
  const unset = c.t('admin.mail.unset');
  return [
    {
      label: 'SMTP_URL',
      text: smtp
        ? `${smtp.protocol}//${smtp.username ? `${decodeURIComponent(smtp.username)}:…@` : ''}${smtp.host}`
        : unset,
    },
    { label: 'MAIL_FROM', text: mailFrom },
    { label: 'MAIL_DOMAIN', text: mailDomain },
    { label: 'MAIL_REPLY_PATTERN', text: mailReplyPattern ?? unset },
    { label: 'MAIL_BOUNCE_PATTERN', text: mailBouncePattern ?? unset },
    { label: 'PUBLIC_URL', text: publicUrl },
  ];
}

export const officeRoutes: Route[] = [
  route({
    method: 'get',
    path: '/admin',
    policy: secretary,
    async handle(c) {
      const isAdministrator = c.viewer.role === 'administrator';
      const [counts, verification, office] = await Promise.all([
        countOffice(c.db),
        isAdministrator ? findLastVerification(c.db) : undefined,
        findOffice(c.db),
      ]);
      return page('office/index', {
        title: c.t('admin.index.title'),
        counts,
        verification,
        organisation: office,
        isAdministrator,
        smtpHost: c.config.smtpUrl ? new URL(c.config.smtpUrl).hostname : undefined,
      });
    },
  }),
  route({
    method: 'get',
    path: '/admin/office',
    policy: administrator,
    async handle(c) {
      const office = await findOffice(c.db);
      return officePage(c, { ...office, office_head: await textOfPerson(c, office.office_head_id) });
    },
  }),
  route({
    method: 'post',
    path: '/admin/office',
    policy: administrator,
    form: OfficeForm,
    async handle(c) {
      const { office_head, ...form } = c.form;
      const { office_head_id: stored } = await findOffice(c.db);
      const { ids, problems } = await readPicked(c, { office_head }, { stored: { office_head: stored } });
      if (problems) return officePage(c, problems.values, { problems });
      const done = await updateOffice(c.db, c.by, { ...form, office_head_id: ids.office_head });
      if (done.ok) return redirect('/admin', { notice: 'admin.office.saved' });
      const typed = c.req.body as Record<string, unknown>;
      if (done.reason === 'stale')
        return officePage(c, { ...typed, version: done.office.version }, { stale: done.office });
      return officePage(c, typed, {
        problems: problemsOf([{ field: 'office_head', message: c.t('lib.field.choice') }], typed),
      });
    },
    onInvalid: (c, problems) => officePage(c, problems.values, { problems }),
  }),
  route({
    method: 'get',
    path: '/admin/mail',
    policy: administrator,
    handle: (c) =>
      page('office/mail', {
        title: c.t('admin.mail.title'),
        facts: mailFacts(c),
        hasSmtp: Boolean(c.config.smtpUrl),
      }),
  }),
  route({
    method: 'post',
    path: '/admin/mail/test',
    policy: administrator,
    form: z.strictObject({}),
    async handle(c) {
      const sent = await sendTestMail(c.db, { ...c.by, id: c.viewer.id }, c.now);
      return redirect('/admin/mail', { notice: sent ? 'admin.mail.testSent' : 'auth.account.noAddress' });
    },
  }),
];
