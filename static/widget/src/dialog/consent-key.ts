// Where a consent is kept in the browser.

export const CONSENT_KEY = "genvoris:consent";
