export type Locale = Record<string, string | Record<string, string>>;
export function readLocales(folder?: string): Record<string, Locale> & { en: Locale };
export function faultsOf(language: string, locale: object, reference: object): string[];
export function scriptOf(name: string, locale: Locale, keys: string[]): string;
