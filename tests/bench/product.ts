// The product's web process for the measurements: the real app, told its database by the environment.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createApp } from '../../src/app.js';
import { createDb } from '../../src/lib/db/db.js';
import { systemClock } from '../../src/lib/time/clock.js';

const url = process.env.BENCH_DATABASE_URL ?? '';
const db = createDb(url);
const server = createServer();
// A loaded machine lets a connection rest for longer than a server waits.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const publicUrl = `http://127.0.0.1:${port}`;
  const config = {
    port,
    host: '127.0.0.1',
    dataDir: '/tmp',
    databaseUrl: url,
    publicUrl,
    secretKey: 'a secret of thirty-two characters',
    mailFrom: 'Banhui <office@office.example>',
    mailDomain: 'office.example',
    trustProxy: [],
    logLevel: 'silent',
  };
  server.on('request', createApp({ config, db, clock: systemClock, log: pino({ level: 'silent' }) }));
  process.send?.({ port });
});
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
