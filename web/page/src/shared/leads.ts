import type { UpdateResolver } from "@urql/exchange-graphcache";
import { forgetList } from "../api/client.ts";

/** Forget the lists and figures of leads, after one was made or deleted. */
export const forgetLeads: UpdateResolver = (_result, _args, cache) => {
  forgetList(cache, "leads");
  forgetList(cache, "leadStats");
};
