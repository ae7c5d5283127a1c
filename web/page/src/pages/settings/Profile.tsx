import { useMutation, useQuery } from "../../api/hooks.ts";
import { words } from "../../format.ts";
import { zonesWith } from "../../session/Account.tsx";
import { Answer } from "../../ui/Answer.tsx";
import { errorAt, SelectField, TextField, textOf } from "../../ui/fields.tsx";
import { Form } from "../../ui/FormDialog.tsx";
import { graphql } from "./gql/index.ts";

const VIEWER = graphql(`
  query SettingsProfile {
    viewer {
      id
      email
      name
      timeZone
      weekStart
    }
  }
`);

const SAVE = graphql(`
  mutation SettingsSave($input: UpdateViewerInput!) {
    updateViewer(input: $input) {
      viewer {
        id
        name
        timeZone
        weekStart
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`);

const DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] as const;
const FIELDS = ["name", "timeZone", "weekStart"] as const;

/** Name, time zone and first day of the week of the viewer. */
export function Profile() {
  const state = useQuery(VIEWER, {});
  const [save] = useMutation(SAVE);
  return (
    <section className="card" aria-labelledby="profile">
      <h2 id="profile">Profile</h2>
      <Answer of={state}>
        {({ viewer }) => {
          if (!viewer) return null;
          const { name, timeZone, weekStart } = viewer;
          const before = { name, timeZone, weekStart };
          const submit = (form: FormData) => {
            const input = {
              name: textOf(form, "name"),
              timeZone: textOf(form, "timeZone"),
              weekStart: DAYS.find((day) => day === textOf(form, "weekStart")) ?? weekStart,
            };
            const undo = () => save({ input: before }, { done: "The profile is as before." });
            return save({ input }, { showsErrors: true, done: "The profile is changed.", undo });
          };
          return (
            <Form key={JSON.stringify(before)} action="Save" shown={FIELDS} submit={submit}>
              {(userErrors) => (
                <>
                  <p className="note">{viewer.email}</p>
                  <TextField label="Name" name="name" defaultValue={name} error={errorAt(userErrors, "name")} />
                  <SelectField
                    label="Days begin and end in"
                    name="timeZone"
                    defaultValue={timeZone}
                    options={zonesWith(timeZone).map((zone) => [zone, zone] as const)}
                    error={errorAt(userErrors, "timeZone")}
                  />
                  <SelectField
                    label="Weeks begin on"
                    name="weekStart"
                    defaultValue={weekStart}
                    options={DAYS.map((day) => [day, words(day)] as const)}
                    error={errorAt(userErrors, "weekStart")}
                  />
                </>
              )}
            </Form>
          );
        }}
      </Answer>
    </section>
  );
}
