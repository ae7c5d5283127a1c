import { Empty } from "../../ui/Answer.tsx";

/** The page at /exports. */
export default function Exports() {
  return (
    <>
      <h1>Exports</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
