import { createInstance } from 'i18next';
import { en } from '../../locales/en.js';
import { zhCN } from '../../locales/zh.js';

export type Lang = 'en' | 'zh-CN';
export const LANGS = ['en', 'zh-CN'] as const satisfies readonly Lang[];

type Stem<K> = K extends `${infer S}_one` ? S : K extends `${infer S}_other` ? S : K;
/** Every text of the product by name, plural forms by their stem. */
export type Key = Stem<keyof typeof en>;
export type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

const i18n = createInstance();
void i18n.init({
  initAsync: false,
  fallbackLng: false,
  keySeparator: false,
  nsSeparator: false,
  resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
  // Escaping is the template's job, which knows where the text goes.
  interpolation: { escapeValue: false, prefix: '{', suffix: '}', skipOnVariables: true },
  parseMissingKeyHandler: (key) => {
    throw new Error(`no text named ${key}`);
  },
});

const translators = new Map<Lang, Translate>();

/**
 * `t` of one language. Texts without values come from the catalog directly: i18next takes about 25 µs a call.
 */
export function translator(lang: Lang): Translate {
  let t = translators.get(lang);
  if (!t) {
    const fixed = i18n.getFixedT(lang);
    const catalog: Record<string, string> = lang === 'en' ? en : zhCN;
    t = (key, values) => {
      const plain = values ? undefined : catalog[key];
      return plain ?? String(fixed(key, values ?? {}));
    };
    translators.set(lang, t);
  }
  return t;
}

export function isKey(name: string): name is Key {
  return name in en || `${name}_other` in en;
}

export function asLang(text: unknown): Lang | undefined {
  return LANGS.find((lang) => lang === text);
}
