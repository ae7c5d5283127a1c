import { Empty } from "../../ui/Answer.tsx";

/** The page at /settings. */
export default function Settings() {
  return (
    <>
      <h1>Settings</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
