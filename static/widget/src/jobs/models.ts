// What the backend says: see docs/http.md.

import type { Paywall, Product } from "../widget/public";

export interface Status {
  access: string;
  ctaType: string;
  message: string | null;
  quota: { used: number; limit: number; resetsAt: string | null } | null;
  remaining: number | null;
  reason: string | null;
  paywall: Paywall | null;
  login_url: string | null;
}

export interface Quota {
  used: number;
  limit: number;
  remaining: number;
}

export interface Job {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "refused";
  image_url: string | null;
  quota: Quota | null;
  error?: string | null;
  detail?: string | null;
  reason?: string;
  used?: number | null;
  limit?: number | null;
  paywall?: Paywall;
}

/** A refusal or fault; status 0 is no answer at all. */
export interface Problem {
  status: number;
  error: string;
  detail: string;
  reason?: string;
  used?: number | null;
  limit?: number | null;
  paywall?: Paywall;
  login_url?: string | null;
  /** Seconds after which to ask again. */
  retryAfter?: number;
}

/** A photo that is ready to be sent, and its preview, where the browser could draw one. */
export interface Photo {
  blob: Blob;
  preview: HTMLCanvasElement | null;
}

/** A finished try-on, and the photo that it was made of while that is still there. */
export interface Result {
  id: string;
  imageUrl: string;
  product: Product;
  photo: Photo | null;
}

/** What a try-on goes through. */
export const STAGES = ["sending", "queued", "running"] as const;
export type Stage = (typeof STAGES)[number];
