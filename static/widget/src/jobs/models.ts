// The backend's answers (docs/http.md), and what the widget makes of them.

import type { Photo } from "../photo/photo";
import type { Paywall, Product } from "../widget/public";

export interface Status {
  access: string;
  ctaType: string;
  message: string | null;
  quota: { used: number; limit: number; resetsAt: string | null } | null;
  remaining: number | null;
  reason: string | null;
  balance?: Balance | null;
  paywall: Paywall | null;
  login_url: string | null;
  consent?: Consent | null;
}

/** Whether the backend keeps a record of the shopper's consent, and what is still to be agreed to. */
export interface Consent {
  form: ConsentForm | null;
}

/** The statements that the shopper ticks one by one. */
export interface ConsentForm {
  hash: string;
  language: string;
  text: string;
  depicted: string;
  age: string | null;
  privacy_url: string | null;
}

/** What is left of try-ons that the shop itself counts, and until when. */
export interface Balance {
  available: number;
  expiring: number;
  nextExpiry: string | null;
}

export interface Quota {
  used: number;
  limit: number;
  remaining: number;
}

export type Subject = "photo" | "product" | "shopper" | "shop" | "service";

export interface Job {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "refused";
  image_url: string | null;
  quota: Quota | null;
  /** False if nothing was charged, null if that is unknown. */
  charged?: boolean | null;
  error?: string | null;
  detail?: string | null;
  about?: Subject;
  reason?: string;
  used?: number | null;
  limit?: number | null;
  paywall?: Paywall;
}

/** An error response; its status is 0 if there was no response. */
export interface Problem {
  status: number;
  error: string;
  detail: string;
  /** Whose fault it is, as far as the backend knows. */
  about?: Subject;
  reason?: string;
  used?: number | null;
  limit?: number | null;
  paywall?: Paywall;
  login_url?: string | null;
  /** Seconds to wait before another attempt. */
  retryAfter?: number;
  /** False if nothing was charged; absent if no try-on was started. */
  charged?: boolean | null;
}

/** What became of a cancelled job: nothing is charged, it may be charged, or it had ended. */
export type Removal = "cancelled" | "under_way" | "deleted";

/** A finished try-on, and the photo it was made from, until that is deleted. */
export interface Result {
  id: string;
  imageUrl: string;
  product: Product;
  photo: Photo | null;
}

/** The stages of a try-on, in order. */
export const JOB_STAGES = ["sending", "queued", "running"] as const;
export type JobStage = (typeof JOB_STAGES)[number];
