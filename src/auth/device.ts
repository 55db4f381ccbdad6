import type { Context } from '../lib/http/route.js';
import type { Translate } from '../lib/i18n/translate.js';

const BROWSERS: [RegExp, string][] = [
  [/MicroMessenger\//, 'WeChat'],
  [/DingTalk\//i, 'DingTalk'],
  [/EdgA?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/QQBrowser\//, 'QQ Browser'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/HarmonyOS|OpenHarmony/, 'HarmonyOS'],
  [/Android/, 'Android'],
  [/iPhone|iPod/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** "Firefox on Windows", from what a browser says about itself. */
export function describeDevice(t: Translate, userAgent: string | null): string {
  const pick = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  const [browser, system] = [pick(BROWSERS), pick(SYSTEMS)];
  if (browser && system) return t('auth.device.both', { browser, system });
  return browser ?? system ?? t('auth.device.unknown');
}

/** What a device is called in the list of sessions. */
export function fromOf(c: Context): { ip: string; userAgent: string } {
  return { ip: c.ip, userAgent: c.req.get('User-Agent') ?? '' };
}
