// What the shopper thinks of the pictures that were generated in this tab.

import { readJson, writeText } from "../widget/storage";

/** Why a picture is not liked. */
export type Reason = "likeness" | "product" | "quality";

export interface Reaction {
  liked: boolean;
  reasons: Reason[];
}

const KEY = "genvoris:reactions";

const readAll = () => readJson<Record<string, Reaction>>(KEY) ?? {};

export const readReaction = (id: string): Reaction | undefined => readAll()[id];

export function saveReaction(id: string, reaction: Reaction): void {
  writeText(KEY, JSON.stringify({ ...readAll(), [id]: reaction }));
}

export const clearReactions = (): unknown => writeText(KEY, null);
