import { Empty } from "../../ui/Answer.tsx";

/** The page at /keywords. */
export default function Keywords() {
  return (
    <>
      <h1>Keywords</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
