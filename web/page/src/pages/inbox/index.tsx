import { Empty } from "../../ui/Answer.tsx";

/** The page at /inbox. */
export default function Inbox() {
  return (
    <>
      <h1>Inbox</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
