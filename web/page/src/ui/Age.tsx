import { useEffect, useState } from "react";
import { format, useTimes } from "../format.ts";

const EVERY = 20_000;

/** How long ago a moment was. The text keeps up with the clock. */
export function Age({ of }: { of: string }) {
  const times = useTimes();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), EVERY);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={of} title={times.moment(of)}>
      {format.age(of, Math.max(now, Date.parse(of)))}
    </time>
  );
}
