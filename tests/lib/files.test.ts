import express from 'express';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { z } from 'zod';
import request from 'supertest';
import { openSession } from '../../src/auth/commands.js';
import { doors } from '../../src/auth/gate.js';
import { row, rows } from '../../src/lib/db/db.js';
import { kindOf, safeName } from '../../src/lib/files/kinds.js';
import { sendFile, sendImage } from '../../src/lib/files/send.js';
import { cleanFiles, keepFiles, MAX_FILE_BYTES } from '../../src/lib/files/store.js';
import { Forbidden } from '../../src/lib/http/errors.js';
import { showFailure } from '../../src/lib/http/failure.js';
import { line } from '../../src/lib/http/fields.js';
import { mount } from '../../src/lib/http/mount.js';
import { signedIn } from '../../src/lib/http/policy.js';
import { idOf, json, route, type Route } from '../../src/lib/http/route.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const PDF = Buffer.concat([Buffer.from('%PDF-1.7\n%\u00e2\u00e3\n'), Buffer.alloc(600_000, 'x')]);

let world: World;
let cast: Cast;
let server: Server;
let cookie: string;

// A form with files as any feature has one: the real reader, store and sender between them.
const routes: Route[] = [
  route({
    method: 'post',
    path: '/things/:id/files',
    policy: signedIn,
    upload: {
      field: 'files',
      maxFiles: 2,
      authorise(c) {
        if (c.params.id === '9') throw new Forbidden();
        return Promise.resolve();
      },
    },
    form: z.strictObject({ title: line(20) }),
    async handle(c) {
      if (c.form.title !== 'forget')
        await keepFiles(
          c.db,
          c.by,
          c.files.map(({ id }) => id),
        );
      return json({ title: c.form.title, files: c.files });
    },
    onInvalid: (_c, problems) => json({ problems: problems.list, title: problems.values.title }, 422),
  }),
  route({ method: 'get', path: '/files/:id', policy: signedIn, handle: (c) => sendFile(c.db, idOf(c)) }),
  route({ method: 'get', path: '/images/:id', policy: signedIn, handle: (c) => sendImage(c, idOf(c)) }),
];

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  const parts = { config: world.config, db: world.db, clock: world.clock, log: pino({ level: 'silent' }) };
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  mount(app, routes, parts, doors(parts));
  app.use(showFailure(parts));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cookie = `session=${await openSession(world.db, cast.organiser.id)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await world.close();
});

const post = (path = '/things/1/files') =>
  request(server).post(path).set('Cookie', cookie).set('Accept', 'application/json');
const count = async () => (await row<{ n: number }>(world.db, `select count(*) as n from files`))?.n;

describe('receiving', () => {
  it('stores files of any size in chunks and gives them back byte for byte, as a download', async () => {
    const answer = await post()
      .field('title', 'Budget')
      .attach('files', PDF, '预算 草案.pdf')
      .attach('files', PNG, 'plan.png');
    expect(answer.body).toMatchObject({
      title: 'Budget',
      files: [
        { name: '预算 草案.pdf', media_type: 'application/pdf', bytes: PDF.length },
        { name: 'plan.png', media_type: 'image/png' },
      ],
    });
    const { id } = (answer.body as { files: { id: number }[] }).files[0] ?? { id: 0 };
    expect(
      await row(
        world.db,
        `select state, uploaded_by, (select count(*) from file_chunks where file_id = f.id) > 1 as many
           from files f
           where id = :id`,
        { id },
      ),
    ).toEqual({ state: 'stored', uploaded_by: cast.organiser.id, many: true });
    const download = await request(server)
      .get(`/files/${id}`)
      .set('Cookie', cookie)
      .buffer()
      .parse((res, done) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part)).on('end', () => done(null, Buffer.concat(parts)));
      });
    expect((download.body as Buffer).equals(PDF)).toBe(true);
    expect(download.headers).toMatchObject({
      'content-type': 'application/pdf',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'content-disposition':
        `attachment; filename="__ __.pdf"; ` + `filename*=UTF-8''%E9%A2%84%E7%AE%97%20%E8%8D%89%E6%A1%88.pdf`,
    });
  });

  it.each([
    ['a program that calls itself a PDF', 'report.pdf', Buffer.from('MZ\u0090\0\u0003'), 'wrong kind'],
    ['a page', 'page.html', Buffer.from('<html><script>alert(1)</script>'), 'wrong kind'],
    [
      'a drawing with scripts',
      'x.svg',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'wrong kind',
    ],
    [
      'an archive',
      'all.zip',
      Buffer.from('PK\u0003\u0004aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
      'wrong kind',
    ],
    ['an image under a text name', 'plan.txt', PNG, 'wrong kind'],
    ['binary data as text', 'data.csv', Buffer.from([0, 1, 2, 3, 255]), 'wrong kind'],
    ['nothing', 'empty.txt', Buffer.alloc(0), 'empty'],
    ['too much', 'large.txt', Buffer.alloc(MAX_FILE_BYTES + 1, 'a'), 'larger'],
  ])('refuses %s, keeps the form and leaves nothing', async (_what, name, content, why) => {
    const before = await count();
    const answer = await post().attach('files', content, name).field('title', 'Kept');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ title: 'Kept', problems: [{ field: 'files' }] });
    const words =
      { 'wrong kind': 'can’t be attached', empty: 'is empty', larger: 'larger than 25 MB' }[why] ?? '';
    expect((answer.body as { problems: { message: string }[] }).problems[0]?.message).toContain(words);
    expect(await count()).toBe(before);
  });

  it('takes text in UTF-8 and in GB 18030', async () => {
    const answer = await post()
      .field('title', 'Text')
      .attach('files', Buffer.from('姓名,部门\n'), 'a.csv')
      .attach('files', Buffer.from([0xd0, 0xd5, 0xc3, 0xfb]), 'b.txt');
    expect(answer.body).toMatchObject({ files: [{ media_type: 'text/csv' }, { media_type: 'text/plain' }] });
  });

  it('refuses more files than fit, and unknown fields', async () => {
    const before = await count();
    const many = await post()
      .field('title', 'x')
      .attach('files', PNG, '1.png')
      .attach('files', PNG, '2.png')
      .attach('files', PNG, '3.png');
    expect(many.status).toBe(422);
    expect((await post().field('title', 'x').field('other', 'y')).status).toBe(422);
    expect((await post().field('title[a]', 'x')).status).toBe(400);
    expect(await count()).toBe(before);
  });

  it('discards what the form did not keep, and what came with a bad form', async () => {
    const before = await count();
    await post().field('title', 'forget').attach('files', PNG, '1.png');
    await post().field('title', '').attach('files', PNG, '1.png');
    expect(await count()).toBe(before);
  });

  it('asks before the first byte is stored', async () => {
    const before = await count();
    expect((await post('/things/9/files').field('title', 'x').attach('files', PNG, '1.png')).status).toBe(
      403,
    );
    expect(
      (
        await request(server)
          .post('/things/1/files')
          .set('Accept', 'text/html')
          .field('title', 'x')
          .attach('files', PNG, '1.png')
      ).status,
    ).toBe(401);
    expect(await count()).toBe(before);
  });

  it('leaves nothing when the browser goes away in the middle', async () => {
    const before = await count();
    await new Promise<void>((resolve) => {
      const sent = httpRequest({
        port: (server.address() as AddressInfo).port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/things/1/files',
        headers: {
          Cookie: cookie,
          'Content-Type': 'multipart/form-data; boundary=xx',
          'Content-Length': 10_000_000,
        },
      });
      sent.on('error', () => resolve());
      sent.write('--xx\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n');
      sent.write(Buffer.alloc(600_000, 'a'), () => setTimeout(() => sent.destroy(new Error('gone')), 150));
    });
    for (let tries = 0; tries < 40 && (await count()) !== before; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await count()).toBe(before);
  });

  it('cleans up after a process that died', async () => {
    await world.db.raw(
      `insert into files (name, media_type, created_at)
       values ('lost', 'text/plain', now() - interval '3 hours')`,
    );
    expect(await cleanFiles(world.db)).toBe(1);
  });
});

describe('sending', () => {
  it('shows only images inside a page, and asks again with a 304', async () => {
    const answer = await post()
      .field('title', 'x')
      .attach('files', PNG, 'plan.png')
      .attach('files', Buffer.from('text'), 'note.txt');
    const [image, text] = (answer.body as { files: { id: number }[] }).files;
    const shown = await request(server).get(`/images/${image?.id}`).set('Cookie', cookie);
    expect(shown.headers).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'inline',
      'content-security-policy': "sandbox; default-src 'none'",
    });
    expect(
      (
        await request(server)
          .get(`/images/${image?.id}`)
          .set('Cookie', cookie)
          .set('If-None-Match', shown.headers.etag ?? '')
      ).status,
    ).toBe(304);
    expect((await request(server).get(`/images/${text?.id}`).set('Cookie', cookie)).status).toBe(404);
    expect(await rows(world.db, `select 1 from files where state = 'uploading'`)).toEqual([]);
  });
});

test.each([
  ['../../etc/passwd.txt', 'passwd.txt'],
  ['C:\\temp\\报告.docx', '报告.docx'],
  ['a\u202egpj.exe', 'a_gpj.exe'],
  ['..hidden', 'hidden'],
  ['con.txt', '_con.txt'],
  ['', 'file'],
  ['e\u0301t\u0000e\u0301.pdf', 'ét_é.pdf'],
  [`${'长'.repeat(300)}.pdf`, `${'长'.repeat(196)}.pdf`],
])('keeps the name %j as %j', (given, kept) => expect(safeName(given)).toBe(kept));

test('judges by name and content together', () => {
  expect(kindOf('a.PDF', 'application/pdf')).toBe('application/pdf');
  expect(kindOf('a.doc', 'application/x-cfb')).toBe('application/msword');
  expect(kindOf('a.msi', 'application/x-cfb')).toBeUndefined();
  expect(kindOf('a.docm', 'application/vnd.ms-word.document.macroenabled.12')).toBeUndefined();
});
