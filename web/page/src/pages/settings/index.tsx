import { ApiKeys } from "./ApiKeys.tsx";
import { Password } from "./Password.tsx";
import { Profile } from "./Profile.tsx";
import { Sessions } from "./Sessions.tsx";
import "./settings.css";

/** The page at /settings. */
export default function Settings() {
  return (
    <>
      <h1>Settings</h1>
      <div className="settings">
        <Profile />
        <Password />
        <Sessions />
        <ApiKeys />
      </div>
    </>
  );
}
