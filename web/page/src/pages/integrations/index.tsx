import { Empty } from "../../ui/Answer.tsx";

/** The page at /integrations. */
export default function Integrations() {
  return (
    <>
      <h1>Integrations</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
