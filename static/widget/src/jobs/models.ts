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
  paywall: Paywall | null;
  login_url: string | null;
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
}

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
