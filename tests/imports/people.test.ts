import { load } from 'cheerio';
import { change, row, rows } from '../../src/lib/db/db.js';
import { decodeText, readTable } from '../../src/lib/files/table.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

describe('reading a table', () => {
  const line = (text: string) => {
    const table = readTable(text);
    return table.ok ? table.lines.map((one) => [one.number, one.cells]) : table;
  };

  test.each([
    ['commas', 'Name,E-mail\n张伟,a@b.cn\n'],
    ['semicolons', 'name;E-Mail address\r\n张伟;a@b.cn\r\n'],
    ['tabs, as a spreadsheet pastes', '姓名\t电子邮箱\n张伟\ta@b.cn'],
    ['a byte order mark', '\ufeff姓名,邮箱\n张伟,a@b.cn'],
    ['full-width letters and stars in the headings', 'Ｎａｍｅ *,邮箱：\n张伟,a@b.cn'],
    ['quotes around the delimiter', '"姓名","邮箱"\n"张伟","a@b.cn"'],
  ])('with %s', (_what, text) => expect(line(text)).toEqual([[2, { name: '张伟', email: 'a@b.cn' }]]));

  test('counts lines as a spreadsheet does, empty ones too', () => {
    expect(line("sep=;\nname;phone\n\nA;1\n;;\nB;'+86 10\n")).toEqual([
      [4, { name: 'A', phone: '1' }],
      [6, { name: 'B', phone: '+86 10' }],
    ]);
  });

  test('names columns it does not know, and leaves them', () => {
    expect(readTable('name,工号\nA,7')).toMatchObject({
      ok: true,
      unknown: ['工号'],
      lines: [{ cells: { name: 'A' } }],
    });
  });

  test.each([
    ['', 'empty'],
    ['name\n', 'empty'],
    ['mail\na@b.cn', 'no_name'],
    ['name,姓名\nA,B', 'twice'],
    ['name,phone\n"A,1\nB,2', 'broken'],
  ])('refuses %j', (text, reason) => expect(readTable(text)).toMatchObject({ ok: false, reason }));

  test('reads GBK and UTF-16 as Chinese programs write them', () => {
    expect(decodeText(Buffer.from([0xd0, 0xd5, 0xc3, 0xfb]))).toBe('姓名');
    expect(decodeText(Buffer.from('\ufeff姓名', 'utf16le'))).toBe('姓名');
    expect(decodeText(Buffer.from('\ufeff姓名'))).toBe('姓名');
  });
});

let world: World;
let cast: Cast;
let administrator: Agent;
let secretary: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [administrator, secretary] = [await world.agent(cast.administrator), await world.agent(cast.secretary)];
});
afterAll(() => world.close());

const paste = async (agent: Agent, text: string): Promise<string> => {
  const done = await agent.post('/people/import').field('text', text);
  expect(done.status).toBe(303);
  return done.headers.location as string;
};
const preview = async (agent: Agent, text: string) => {
  const path = await paste(agent, text);
  const page = load((await agent.get(path)).text);
  const bad = page('table')
    .first()
    .find('tbody tr')
    .map((_, tr) =>
      load(tr)('th,td')
        .map((__, cell) => load(cell).text().trim())
        .get()
        .join(' | '),
    )
    .get();
  return { path, page, text: page('main').text().replace(/\s+/g, ' '), bad };
};
const run = (agent: Agent, path: string, lines = 'good') => agent.post(path).type('form').send({ lines });
const everybody = () => rows<{ name: string }>(world.db, `select name from persons order by id`);

test('a file in GBK is previewed and imported, twice without doubling', async () => {
  // 姓名,邮箱,部门 / 李雷,lei@office.example,财务处 / 韩梅梅,,财务处, written in GBK
  const bytes = Buffer.from(
    'd0d5c3fb2cd3cacfe42cb2bfc3c50ac0eec0d72c6c6569' +
      '406f66666963652e6578616d706c652cb2c6cef1b4a60abaabc3b7c3b72c2cb2c6cef1b4a60a',
    'hex',
  );
  for (const expected of [
    { add: '2 people will be added', count: 2 },
    { add: '0 people will be added', count: 0 },
  ]) {
    const before = (await everybody()).length;
    const sent = await administrator.post('/people/import').attach('file', bytes, '人员.csv');
    expect(sent.status).toBe(303);
    const page = await administrator.get(sent.headers.location as string);
    expect(load(page.text)('main').text()).toContain(expected.add);
    if (expected.count)
      expect((await run(administrator, sent.headers.location as string, 'all')).status).toBe(303);
    expect((await everybody()).length - before).toBe(expected.count);
  }
  expect(
    await row(
      world.db,
      `select u.code from persons p join units u on u.id = p.unit_id where p.name = '韩梅梅'`,
    ),
  ).toEqual({ code: 'finance' });
  expect(await row(world.db, `select count(*) as left from files`)).toEqual({ left: 0 });
});

test('names each bad line and why, and imports the good ones', async () => {
  const text = [
    'name,email,role,unit,time zone,guest,language',
    'Good One,good.one@office.example,,planning,,,',
    ',no.name@office.example,,,,,',
    'Bad Mail,not-an-address,,,,,',
    'Bad Role,role@office.example,king,,,,',
    'Bad Zone,zone@office.example,,,Mars,,',
    'Good Again,GOOD.ONE@office.example,,,,,',
    `Chair,${cast.chair.email},administrator,,,,`,
    'Guest Boss,boss@office.example,secretary,,,yes,',
    'Odd,odd@office.example,,,,maybe,Klingon',
  ].join('\n');
  const { path, text: said, bad } = await preview(administrator, text);
  expect(said).toContain('1 person will be added');
  expect(said).toContain('8 lines cannot be used');
  expect(bad.map((line) => line.replace(/ \| .* \| /, ': '))).toEqual([
    '3: the name is missing',
    '4: “not-an-address” is no e-mail address',
    '5: “king” is no role: member, secretary or administrator',
    '6: “Mars” is no time zone, such as Asia/Shanghai',
    '7: the same person stands in line 2',
    '8: the role of somebody who is there already is changed on their page',
    '9: a guest has no role and no account',
    '10: “Klingon” is no language: English or 中文; “maybe” is neither yes nor no',
  ]);
  expect((await run(administrator, path)).status).toBe(303);
  expect(load((await administrator.get(path)).text)('main').text()).toContain('8 lines left out');
  expect((await everybody()).map((one) => one.name)).toContain('Good One');
});

test('nothing at all when all lines were asked to be good', async () => {
  const before = await everybody();
  const { path } = await preview(administrator, 'name,email\nFine Person,fine@office.example\nBroken,broken');
  const answer = await run(administrator, path, 'all');
  expect(answer.status).toBe(422);
  expect(answer.text).toContain('nothing was imported');
  expect(await everybody()).toEqual(before);
});

test('the same preview sent twice at once imports once', async () => {
  const { path } = await preview(administrator, 'name,email\nOnly Once,once@office.example\nWithout Mail,');
  const answers = await Promise.all([1, 2, 3, 4].map(() => run(administrator, path)));
  expect(answers.map((one) => one.status)).toEqual([303, 303, 303, 303]);
  expect((await everybody()).filter((one) => /Only Once|Without Mail/.test(one.name))).toHaveLength(2);
});

test('changes what the filled cells say and leaves the rest', async () => {
  const { path, text } = await preview(
    administrator,
    `name,email,position\n魏然,${cast.outsider.email},会计`,
  );
  expect(text).toContain('1 person will be changed');
  await run(administrator, path);
  expect(
    await row(world.db, `select name, name_en, position, unit_id from persons where id = :id`, {
      id: cast.outsider.id,
    }),
  ).toEqual({ name: '魏然', name_en: 'Wei Ran', position: '会计', unit_id: cast.units.finance });
  const event = await row<{ after: unknown }>(
    world.db,
    `select after from audit_events where noun_id = :id and action = 'person.update'`,
    { id: cast.outsider.id },
  );
  expect(event?.after).toEqual({ changed: ['position'] });
});

test('an administrator brings new units along, a secretary does not', async () => {
  const text =
    'name,email,unit\nNew Unit Person,nup@office.example,档案室\nSecond,second@office.example,档案室';
  const refused = await preview(secretary, text);
  expect(refused.bad[0]).toContain('there is no unit “档案室”');
  const { path, text: said } = await preview(administrator, text);
  expect(said).toContain('New units: 档案室');
  await run(administrator, path);
  expect(
    await rows(
      world.db,
      `select u.name_zh
         from persons p join units u on u.id = p.unit_id
        where p.email in ('nup@office.example', 'second@office.example')`,
    ),
  ).toEqual([{ name_zh: '档案室' }, { name_zh: '档案室' }]);
});

test('a secretary touches neither roles nor other secretaries', async () => {
  const { bad } = await preview(
    secretary,
    `name,email,role\nA,a1@office.example,administrator\n管平,${cast.administrator.email},\n`,
  );
  expect(bad[0]).toContain('only an administrator gives roles');
  expect(bad[1]).toContain('kept by an administrator');
});

test('five thousand lines come in quickly, and again without doubling', async () => {
  const lines = Array.from({ length: 5000 }, (_, n) => `测试${n},bulk${n}@office.example,finance`);
  const text = `name,email,unit\n${lines.join('\n')}`;
  const start = performance.now();
  const { path } = await preview(administrator, text);
  expect((await run(administrator, path)).status).toBe(303);
  expect(performance.now() - start).toBeLessThan(10_000);
  expect((await preview(administrator, text)).text).toContain('0 people will be added');
  expect(
    await row(
      world.db,
      `select count(*) as told
         from audit_events e join persons p on p.id = e.noun_id
        where e.noun = 'persons' and e.action = 'person.create' and p.email like 'bulk%'`,
    ),
  ).toEqual({ told: 5000 });
});

test('what is no table is said at the field', async () => {
  const none = await administrator.post('/people/import').field('text', '');
  expect(none.status).toBe(422);
  expect(load(none.text)('#f-text-error').text()).toContain('There is no table');
  const broken = await administrator.post('/people/import').field('text', 'name,phone\n"A,1\nB,2');
  expect(load(broken.text)('#f-text-error').text()).toContain('quotation mark');
  expect(load(broken.text)('#f-text').text()).toContain('"A,1');
  const picture = await administrator
    .post('/people/import')
    .attach('file', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'people.csv');
  expect(picture.status).toBe(422);
});

test('nobody sees the table of another, and members none at all', async () => {
  const path = await paste(administrator, 'name\nSecret');
  expect((await secretary.get(path)).status).toBe(404);
  expect((await run(secretary, path)).status).toBe(404);
  const member = await world.agent(cast.organiser);
  for (const page of ['/people/import', '/people/export', '/people/import/template', path])
    expect((await member.get(page)).status).toBe(403);
});

test('what is exported can be imported again, and holds no formula', async () => {
  await change(
    world.db,
    `update persons set position = '=HYPERLINK("http://evil.example")', phone = '+86 10 6200' where id = :id`,
    { id: cast.attendee.id },
  );
  const sent = await administrator
    .get('/people/export')
    .buffer(true)
    .parse((res, done) => {
      const parts: Buffer[] = [];
      res.on('data', (part: Buffer) => parts.push(part));
      res.on('end', () => done(null, Buffer.concat(parts)));
    });
  const text = (sent.body as Buffer).toString();
  expect(sent.headers['content-disposition']).toContain('attachment');
  expect(text.startsWith('\ufeff')).toBe(true);
  expect(text).not.toMatch(/(^|,)"?[=+@-]/m);
  const { text: said } = await preview(administrator, text);
  expect(said).toContain('0 people will be added');
  expect(said).toContain('0 people will be changed');
  expect(said).toContain('0 lines cannot be used');
  const template = await administrator.get('/people/import/template');
  expect((await preview(administrator, template.text)).text).toContain('1 person will be added');
});

test('tables are removed after a week', async () => {
  await change(world.db, `update person_imports set created_at = now() - interval '8 days'`);
  await world.db.raw(`select graphile_worker.add_job('people.cleanImports', '{}')`);
  await world.runJobs();
  expect(await rows(world.db, `select 1 from person_imports`)).toEqual([]);
});
