import { Empty } from "../../ui/Answer.tsx";

/** The page at /. */
export default function Dashboard() {
  return (
    <>
      <h1>Dashboard</h1>
      <Empty title="This page is not built yet." />
    </>
  );
}
