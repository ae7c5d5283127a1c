import { Empty } from "../../ui/Answer.tsx";

/** The page at /leads. */
export default function Leads() {
  return (
    <>
      <h1>Leads</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
