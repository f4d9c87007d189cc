// Parses the settings: all text on the script tag, typed when passed to `update`.

import type { SamplePhoto, Settings, Strings } from "../widget/public";

const DEFAULT_MAX_UPLOAD = 10 * 1024 * 1024;

export interface Config {
  apiUrl: string;
  token: string | null;
  loginUrl: string | null;
  supportUrl: string | undefined;
  privacyUrl: string;
  phoneHandover: boolean;
  /** Empty if the page does not say. */
  shopName: string;
  /** Whether the shop makes the pictures itself, so that Genvoris gets no photo. */
  ownEngine: boolean;
  /** How long the backend keeps a picture; 0 if the page does not say. */
  resultSeconds: number;
  privacyVersion: string;
  maxUploadBytes: number;
  heic: boolean;
  addToCart: string | undefined;
  samplePhotos: SamplePhoto[];
  strings: Strings;
}

/** Other names that a tag may use for the token. */
interface TagSettings extends Settings {
  customerToken?: string;
  endCustomerToken?: string;
}

export function readConfig(settings: TagSettings): Config {
  const samples = readJson(settings.samplePhotos, "sample-photos");
  const strings = readJson(settings.strings, "strings");
  const privacyUrl = settings.privacyUrl || "";
  return {
    apiUrl: (settings.apiUrl ?? "").replace(/\/+$/, ""),
    token: settings.token || settings.customerToken || settings.endCustomerToken || null,
    loginUrl: settings.loginUrl || null,
    supportUrl: settings.supportUrl,
    privacyUrl,
    shopName: settings.shopName || "",
    ownEngine: String(settings.ownEngine) === "true",
    resultSeconds: Number(settings.resultSeconds) || 0,
    phoneHandover: String(settings.phoneHandover) === "true",
    privacyVersion: settings.privacyVersion || privacyUrl,
    maxUploadBytes: Number(settings.maxUploadBytes) || DEFAULT_MAX_UPLOAD,
    heic: String(settings.heic) !== "false",
    addToCart: settings.addToCart,
    samplePhotos: Array.isArray(samples) ? samples.filter((each) => each?.src) : [],
    strings: (strings as Strings) ?? {},
  };
}

/** Parse an attribute as JSON; log an error and return undefined if it is invalid. */
function readJson(value: unknown, name: string): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    console.error(`Genvoris: data-${name} must be JSON.`);
    return undefined;
  }
}
