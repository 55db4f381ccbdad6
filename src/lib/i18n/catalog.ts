/**
 * What the Chinese catalog of a feature must hold: every text of the English one.
 * English needs `key_one` and `key_other`; Chinese has one form, `key_other`.
 */
export type Translation<En> = {
  readonly [K in keyof En as K extends `${string}_one` ? never : K]: string;
};
