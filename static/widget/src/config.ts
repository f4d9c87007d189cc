// Reads the script tag.

import type { Config, SamplePhoto } from "./shared";

const DEFAULT_MAX_UPLOAD = 10 * 1024 * 1024;

/** Reads the tag; without data-api-url the backend is where the script itself comes from. */
export function readConfig(data: DOMStringMap, src: string): Config {
  return {
    apiUrl: (data.apiUrl || src.replace(/\/[^/]*$/, "")).replace(/\/+$/, ""),
    token: data.token || data.customerToken || data.endCustomerToken || null,
    loginUrl: data.loginUrl || null,
    maxUploadBytes: Number(data.maxUploadBytes) || DEFAULT_MAX_UPLOAD,
    samplePhotos: readSamples(data.samplePhotos),
    primaryColor: data.primaryColor || null,
    borderRadius: data.borderRadius || null,
  };
}

function readSamples(json: string | undefined): SamplePhoto[] {
  try {
    const list: unknown = JSON.parse(json || "[]");
    return Array.isArray(list) ? list.filter((each) => typeof each?.src === "string") : [];
  } catch {
    console.error("Genvoris: data-sample-photos must be a JSON list of {src, alt}.");
    return [];
  }
}
