// The tabs scroll: the active one comes into view, and a mouse wheel moves them sideways.
import { pick, useDidUpdate, useGraphiQL } from "@graphiql/react";
import { useEffect, useLayoutEffect } from "react";

const LIST = ".graphiql-tabs";
const ACTIVE = ".graphiql-tab-active";
const PANEL = ".graphiql-plugin";

function turn(event) {
  if (event.deltaX !== 0 || event.ctrlKey || event.shiftKey) return;
  event.preventDefault(); // Otherwise the page of a phone scrolls, too.
  event.currentTarget.scrollLeft += event.deltaY;
}

/** Keeps the active tab in view, and an opened panel, which stands below the response on a phone. */
export function VisibleTab() {
  const { activeTabIndex, tabs, visiblePlugin } = useGraphiQL(pick("activeTabIndex", "tabs", "visiblePlugin"));
  useEffect(() => {
    const list = document.querySelector(LIST);
    list?.addEventListener("wheel", turn, { passive: false });
    return () => list?.removeEventListener("wheel", turn);
  }, []);
  useLayoutEffect(() => {
    document.querySelector(ACTIVE)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [activeTabIndex, tabs.length]);
  useDidUpdate(() => {
    // GraphiQL moves the panel into the page after this effect.
    if (visiblePlugin) requestAnimationFrame(() => document.querySelector(PANEL)?.scrollIntoView());
  }, [visiblePlugin]);
  return null;
}
