// The pictures of the README, taken from a running sample office:
//   SAMPLE_PASSWORD=… npm run sample && npm start
//   npx tsx tests/support/pictures.ts http://127.0.0.1:3000 wang.min@linjiang.example "$SAMPLE_PASSWORD"
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser } from './browser.js';

const [base = 'http://127.0.0.1:3000', email = '', password = ''] = process.argv.slice(2);
const FOLDER = join(import.meta.dirname, '..', '..', 'views', 'pictures');
const PICTURES = [
  { name: 'calendar-en', path: '/calendar', lang: 'en' },
  { name: 'today-zh', path: '/', lang: 'zh-CN' },
];

const browser = await openBrowser();
try {
  mkdirSync(FOLDER, { recursive: true });
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.goto(`${base}/sign-in`);
  await page.fill('input[name=email]', email);
  await page.fill('input[name=password]', password);
  await page.press('input[name=password]', 'Enter');
  await page.waitForURL(`${base}/`);
  for (const { name, path, lang } of PICTURES) {
    await page.goto(base + path);
    if ((await page.getAttribute('html', 'lang')) !== lang) {
      await page.click('form[action="/language"] button');
      await page.goto(base + path);
    }
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  }
} finally {
  await browser.close();
}
